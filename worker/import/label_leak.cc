#include "worker/import/label_leak.h"

#include <algorithm>

#include "worker/import/cell_text.h"

namespace chorus::worker {
namespace {
constexpr uint64_t kLeastRows = 20;  // of either label: fewer are apart by chance
}  // namespace

void LabelLeak::Add(std::string_view text, bool label) {
  ++rows_;
  positives_ += label ? 1 : 0;
  if (!too_many_values_) {
    Counts& counts = values_[std::string(text)];
    ++counts.rows;
    counts.positives += label ? 1 : 0;
    too_many_values_ = values_.size() > kMostValues;
    if (too_many_values_) values_.clear();
  }
  if (text.empty()) return;
  ++filled_;
  filled_positives_ += label ? 1 : 0;
  const auto number = NumberFromText(text);
  if (!number) return;
  const bool first = numbers_of_[label]++ == 0;
  least_[label] = first ? *number : std::min(least_[label], *number);
  most_[label] = first ? *number : std::max(most_[label], *number);
}

std::string LabelLeak::Describe() const {
  const uint64_t negatives = rows_ - positives_;
  if (positives_ < kLeastRows || negatives < kLeastRows) return "";
  if (filled_ >= kLeastRows && filled_ == filled_positives_) {
    return "is there only where the label is 1";
  }
  if (ValuesTell() || NumbersAreApart()) return "its values tell the label of every row";
  return "";
}

// Every row with label 1 has a value that comes twice or more and never with label 0; so that a
// column of unique ids does not count.
bool LabelLeak::ValuesTell() const {
  if (too_many_values_) return false;
  uint64_t told = 0;
  for (const auto& [value, counts] : values_) {
    if (counts.positives == 0) continue;
    if (counts.positives != counts.rows) return false;
    if (counts.rows > 1) told += counts.rows;
  }
  return told * 10 >= positives_ * 9;
}

bool LabelLeak::NumbersAreApart() const {
  if (numbers_of_[0] + numbers_of_[1] != rows_) return false;
  return least_[1] > most_[0] || most_[1] < least_[0];
}

}  // namespace chorus::worker
