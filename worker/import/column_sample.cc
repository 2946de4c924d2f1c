#include "worker/import/column_sample.h"

#include <algorithm>

#include "common/strings.h"
#include "worker/import/cell_text.h"

namespace chorus::worker {
namespace {

constexpr std::string_view kSeparators("|;,^#~\x02\x03& ", 10);  // by how likely they are
constexpr std::string_view kValueSeparators(":=\x03\x04", 4);
constexpr size_t kKeptCells = 2000;
// Of the filled cells, that a separator must be in. Names of cities have blanks now and then.
double LeastShare(char separator) { return separator == ' ' ? 0.5 : 0.02; }

// The pieces between separators that are not empty.
std::vector<std::string> Pieces(std::string_view text, char separator) {
  std::vector<std::string> pieces = Split(text, separator);
  std::erase(pieces, "");
  return pieces;
}

}  // namespace

void ColumnSample::Add(std::string_view text) {
  ++cells_;
  if (text.empty()) {
    ++missing_;
    return;
  }
  if (example_.empty()) example_ = text;
  if (const auto found = counts_.find(std::string(text)); found != counts_.end()) {
    ++found->second;
  } else if (counts_.size() < kMostValues) {
    counts_.emplace(text, 1);
  }
  if (kept_.size() < kKeptCells) kept_.emplace_back(text);
  AddKind(text);
  AddPieces(text);
}

void ColumnSample::AddKind(std::string_view text) {
  if (LabelFromText(text)) ++labels_;
  const auto number = NumberFromText(text);
  if (!number) {
    const auto time = TimeFromText(text);
    if (time && time->is_date) ++dates_;
    return;
  }
  least_ = numbers_ == 0 ? *number : std::min(least_, *number);
  most_ = numbers_ == 0 ? *number : std::max(most_, *number);
  ++numbers_;
  if (ParseInt64(text) || ParseUint64(text) || !IntegerOfDecimal(text).empty()) {
    ++integers_;
  } else {
    ++decimals_;
  }
}

void ColumnSample::AddPieces(std::string_view text) {
  for (const char separator : kSeparators) {
    if (text.find(separator) != std::string_view::npos) ++separators_[separator];
  }
}

double ColumnSample::missing_share() const {
  return cells_ == 0 ? 0 : static_cast<double>(missing_) / static_cast<double>(cells_);
}

// Whether nearly every piece of the cells kept is an id, the separator and a number.
bool ColumnSample::PiecesAreWeighted(std::string_view separator, char value_separator) const {
  size_t pieces = 0, weighted = 0;
  for (const std::string& cell : kept_) {
    const auto parts =
        separator.empty() ? std::vector<std::string>{cell} : Pieces(cell, separator[0]);
    for (const std::string& piece : parts) {
      const size_t at = piece.rfind(value_separator);
      ++pieces;
      if (at == std::string::npos || at == 0) continue;
      if (NumberFromText(std::string_view(piece).substr(at + 1))) ++weighted;
    }
  }
  return pieces > 0 && weighted * 100 >= pieces * 99;
}

ColumnSample::Separators ColumnSample::GuessSeparators() const {
  Separators found;
  if (filled() == 0 || all_numbers() || all_dates()) return found;
  for (const char separator : kSeparators) {
    const auto count = separators_.find(separator);
    if (count == separators_.end()) continue;
    if (static_cast<double>(count->second) <
        LeastShare(separator) * static_cast<double>(filled())) {
      continue;
    }
    found.separator = std::string(1, separator);
    break;
  }
  for (const char value_separator : kValueSeparators) {
    if (found.separator == std::string(1, value_separator)) continue;
    if (!PiecesAreWeighted(found.separator, value_separator)) continue;
    found.value_separator = std::string(1, value_separator);
    break;
  }
  return found;
}

}  // namespace chorus::worker
