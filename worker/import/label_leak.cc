#include "worker/import/label_leak.h"

#include <algorithm>
#include <cmath>

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
  if (*number != 0) {
    ++nonzero_;
    nonzero_positives_ += label ? 1 : 0;
  }
  const bool first = numbers_of_[label]++ == 0;
  least_[label] = first ? *number : std::min(least_[label], *number);
  most_[label] = first ? *number : std::max(most_[label], *number);
}

std::string LabelLeak::Describe() const {
  const uint64_t negatives = rows_ - positives_;
  if (NonzeroTells()) return "is other than 0 only where the label is 1";
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

// Also of few rows, where chance would hardly do that.
bool LabelLeak::NonzeroTells() const {
  if (numbers_of_[0] + numbers_of_[1] != filled_ || nonzero_ == filled_) return false;
  if (nonzero_ != nonzero_positives_) return false;
  return IsNoChance(nonzero_, positives_, rows_);
}

bool IsNoChance(uint64_t drawn, uint64_t marked, uint64_t all) {
  constexpr double kChance = 1e-4;
  if (drawn == 0 || marked >= all) return false;
  return std::pow(static_cast<double>(marked) / static_cast<double>(all),
                  static_cast<double>(drawn)) < kChance;
}

bool LabelLeak::NumbersAreApart() const {
  if (numbers_of_[0] + numbers_of_[1] != rows_) return false;
  return least_[1] > most_[0] || most_[1] < least_[0];
}

}  // namespace chorus::worker
