#include "worker/import/column_sample.h"

#include <algorithm>
#include <cmath>

#include "common/strings.h"
#include "worker/import/cell_hints.h"
#include "worker/import/cell_text.h"
#include "worker/import/number_spelling.h"
#include "worker/import/prose_cells.h"

namespace chorus::worker {
namespace {

constexpr std::string_view kSeparators("|;,^#~\x02\x03& ", 10);  // by how likely they are
constexpr std::string_view kValueSeparators(":=\x03\x04", 4);
constexpr size_t kMostMarkers = 3;
// Markers are in fewer cells than 1 in 10, and in at least this many.
constexpr uint64_t kLeastCells = 20;
constexpr size_t kKeptCells = 2000, kKeptSeparated = 100;
// The likelier separator is taken although more cells hold another one, if at least this many hold
// the likelier one.
constexpr double kOfMostCells = 0.5;
// Of the filled cells, that a separator must be in. Names of cities have blanks now and then.
double LeastShare(char separator) { return separator == ' ' ? 0.5 : 0.02; }

// The pieces between separators that are not empty.
std::vector<std::string> Pieces(std::string_view text, char separator) {
  std::vector<std::string> pieces = Split(text, separator);
  std::erase(pieces, "");
  return pieces;
}

// "1.234", "-12.500": one to three digits, none of them a zero in front, a point, three digits.
bool IsLikeThousands(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789";
  constexpr size_t kGroup = 3;
  if (text.starts_with('-')) text.remove_prefix(1);
  const size_t point = text.find('.');
  return point != std::string_view::npos && point >= 1 && point <= kGroup && text[0] != '0' &&
         text.size() == point + 1 + kGroup && text.find_first_not_of(kDigits) == point &&
         text.find_first_not_of(kDigits, point + 1) == std::string_view::npos;
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
  constexpr size_t kLongestToken = 64;
  if (LabelFromText(text)) {
    ++labels_;
  } else if (unlabelled_.empty()) {
    unlabelled_ = text;
  }
  if (text.size() <= kLongestToken && text.find_first_of(" ,;/") == std::string_view::npos) {
    ++tokens_;
  }
  const auto number = NumberFromText(text);
  if (!number) {
    const NumberSpelling spelling = SpellingOf(text);
    respelt_ += spelling == NumberSpelling::kNone ? 0 : 1;
    certainly_respelt_ += spelling == NumberSpelling::kCertain ? 1 : 0;
    if (odd_example_.empty()) odd_example_ = text;
    if (others_.size() <= kMostMarkers) others_.emplace(text);
    const auto time = TimeFromText(text);
    if (time && time->is_date) ++dates_;
    if (!time && IsDateWithYearLast(text)) ++odd_dates_;
    return;
  }
  least_ = numbers_ == 0 ? *number : std::min(least_, *number);
  most_ = numbers_ == 0 ? *number : std::max(most_, *number);
  ++numbers_;
  if (IsLikeThousands(text)) ++like_thousands_;
  if (ParseInt64(text) || ParseUint64(text) || !IntegerOfDecimal(text).empty()) {
    ++integers_;
  } else {
    ++decimals_;
  }
}

void ColumnSample::AddPieces(std::string_view text) {
  for (const char separator : kSeparators) {
    if (text.find(separator) == std::string_view::npos) continue;
    Separated& separated = separators_[separator];
    ++separated.cells;
    if (separated.first.size() < kKeptSeparated) separated.first.emplace_back(text);
  }
}

double ColumnSample::chance_of_difference() const {
  if (cells_ == 0) return 0;
  const auto cells = static_cast<double>(cells_);
  double same = std::pow(static_cast<double>(missing_) / cells, 2);
  for (const auto& [value, count] : counts_) {
    same += std::pow(static_cast<double>(count) / cells, 2);
  }
  return 1 - same;
}

bool ColumnSample::is_bracketed() const {
  const auto bracketed = std::count_if(kept_.begin(), kept_.end(), [](const std::string& cell) {
    return (cell.front() == '[' && cell.back() == ']') ||
           (cell.front() == '{' && cell.back() == '}') ||
           (cell.front() == '(' && cell.back() == ')');
  });
  return !kept_.empty() && static_cast<size_t>(bracketed) * 100 >= kept_.size() * 99;
}

double ColumnSample::missing_share() const {
  return cells_ == 0 ? 0 : static_cast<double>(missing_) / static_cast<double>(cells_);
}

std::vector<std::string> ColumnSample::markers() const {
  if (others_.empty() || others_.size() > kMostMarkers || dates_ > 0) return {};
  if (filled() < kLeastCells || numbers_ * 10 < filled() * 9) return {};
  return {others_.begin(), others_.end()};
}

// Whether every piece of the cells kept is an id, the separator and a number, except for a few
// whole cells that may mean "missing".
bool ColumnSample::PiecesAreWeighted(std::string_view separator, char value_separator,
                                     std::vector<std::string>* markers) const {
  size_t pieces = 0, weighted = 0;
  std::set<std::string> odd;
  for (const std::string& cell : kept_) {
    const auto parts =
        separator.empty() ? std::vector<std::string>{cell} : Pieces(cell, separator[0]);
    for (const std::string& piece : parts) {
      const size_t at = piece.rfind(value_separator);
      ++pieces;
      if (at != std::string::npos && at > 0 &&
          NumberFromText(std::string_view(piece).substr(at + 1))) {
        ++weighted;
      } else if (parts.size() == 1 && at == std::string::npos) {
        odd.insert(piece);
      }
    }
  }
  if (pieces == 0) return false;
  if (odd.size() > kMostMarkers) return weighted * 100 >= pieces * 99;
  if (weighted * 10 < pieces * 9) return false;
  markers->assign(odd.begin(), odd.end());
  return true;
}

// Whether nearly all pieces of the cells that hold the separator are whole cells elsewhere.
bool ColumnSample::PiecesAreCells(char separator) const {
  constexpr size_t kLeastWithSeparator = 3;
  const std::vector<std::string>& cells = separators_.at(separator).first;
  size_t pieces = 0, known = 0;
  for (const std::string& cell : cells) {
    for (const std::string& piece : Pieces(cell, separator)) {
      ++pieces;
      known += counts_.contains(std::string(TrimBlanks(piece))) ? 1 : 0;
    }
  }
  return cells.size() >= kLeastWithSeparator && known * 10 >= pieces * 9;
}

// Whether nearly all pieces of the cells that hold the separator are integers.
bool ColumnSample::PiecesAreIntegers(char separator) const {
  size_t pieces = 0, integers = 0;
  for (const std::string& cell : separators_.at(separator).first) {
    for (const std::string& piece : Pieces(cell, separator)) {
      ++pieces;
      integers += ParseInt64(piece) ? 1 : 0;
    }
  }
  return integers * 10 >= pieces * 9;
}

bool ColumnSample::ArePositions(const std::string& separator) const {
  if (separator.empty()) return false;
  const std::vector<std::string>& cells = separators_.at(separator[0]).first;
  return std::all_of(cells.begin(), cells.end(), [&](const std::string& cell) {
    const std::vector<std::string> pieces = Pieces(cell, separator[0]);
    return pieces.size() == 2 &&
           std::all_of(pieces.begin(), pieces.end(), [](const std::string& piece) {
             const std::string_view number = TrimBlanks(piece);
             return number.find('.') != std::string_view::npos && NumberFromText(number);
           });
  });
}

std::vector<std::string> ColumnSample::FewValues(size_t most) const {
  std::vector<std::string> values;
  if (counts_.size() > most) return values;
  for (const auto& [value, count] : counts_) values.push_back(value);
  std::sort(values.begin(), values.end());
  return values;
}

// Whether the separator is a mark in names and sentences: "New York, NY".
bool ColumnSample::IsProse(char separator) const {
  return AreProse(separators_.at(separator).first, separator);
}

std::string ColumnSample::GuessSeparator() const {
  double most = 0;
  const auto share = [&](char separator) {
    const auto found = separators_.find(separator);
    if (found == separators_.end()) return 0.0;
    const double of_filled =
        static_cast<double>(found->second.cells) / static_cast<double>(filled());
    // Names have blanks; of the marks around these, lists are known.
    if (separator == ' ' && !PiecesAreIntegers(separator)) {
      return of_filled >= LeastShare(separator) && PiecesAreCells(separator) ? of_filled : 0.0;
    }
    if (of_filled >= LeastShare(separator) && (separator == ' ' || !IsProse(separator))) {
      return of_filled;
    }
    return separator != ' ' && PiecesAreCells(separator) ? of_filled : 0.0;
  };
  for (const char separator : kSeparators) most = std::max(most, share(separator));
  for (const char separator : kSeparators) {
    const double of_filled = share(separator);
    if (of_filled > 0 && of_filled >= kOfMostCells * most) return std::string(1, separator);
  }
  return "";
}

ColumnSample::Separators ColumnSample::GuessSeparators() const {
  Separators found;
  if (filled() == 0 || all_numbers() || all_dates()) return found;
  found.separator = GuessSeparator();
  for (const char value_separator : kValueSeparators) {
    if (found.separator == std::string(1, value_separator)) continue;
    if (!PiecesAreWeighted(found.separator, value_separator, &found.markers)) continue;
    found.value_separator = std::string(1, value_separator);
    break;
  }
  return found;
}

}  // namespace chorus::worker
