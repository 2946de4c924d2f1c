#include "worker/import/cell_hints.h"

#include <algorithm>

#include "common/strings.h"
#include "worker/import/cell_text.h"

namespace chorus::worker {
namespace {

constexpr std::string_view kHintDigits = "0123456789";

// The digits that the text begins with, at most `most` of them, taken from it.
std::string_view TakeDigits(std::string_view* text, size_t most) {
  const size_t end = std::min(text->find_first_not_of(kHintDigits), text->size());
  const std::string_view digits = text->substr(0, std::min(end, most));
  text->remove_prefix(digits.size());
  return digits;
}

// The text without one character, and with another one replaced.
std::string Respelt(std::string_view text, char left_out, char from, char to) {
  std::string out(text);
  std::erase(out, left_out);
  std::replace(out.begin(), out.end(), from, to);
  return out;
}

// "0,5", "1.234,50": points are between thousands, the one comma before the decimals.
bool HasDecimalComma(std::string_view text) {
  const size_t comma = text.find(',');
  return comma != std::string_view::npos && comma == text.rfind(',') &&
         text.substr(comma).find('.') == std::string_view::npos &&
         NumberFromText(Respelt(text, '.', ',', '.')).has_value();
}

// "1,234.5", "1,234,567".
bool HasCommasBetweenThousands(std::string_view text) {
  return text.find(',') != std::string_view::npos &&
         NumberFromText(Respelt(text, ',', '.', '.')).has_value();
}

// "12 EUR", "12%", "$12".
bool HasUnit(std::string_view text) {
  const size_t begin = text.find_first_of(kHintDigits);
  const size_t end = text.find_last_of(kHintDigits);
  if (begin == std::string_view::npos || (begin > 0 && end + 1 < text.size())) return false;
  constexpr size_t kLongestUnit = 5;  // bytes
  const bool short_rest = text.size() - (end + 1 - begin) <= kLongestUnit;
  return short_rest && NumberFromText(text.substr(begin, end + 1 - begin)).has_value();
}

}  // namespace

bool IsDateWithYearLast(std::string_view text) {
  const size_t first = TakeDigits(&text, 2).size();
  if (first == 0 || text.empty()) return false;
  const char mark = text.front();
  if (mark != '.' && mark != '/' && mark != '-') return false;
  text.remove_prefix(1);
  if (TakeDigits(&text, 2).empty() || text.empty() || text.front() != mark) return false;
  text.remove_prefix(1);
  const size_t year = TakeDigits(&text, 4).size();
  return (year == 2 || year == 4) &&
         (text.empty() || text.front() == ' ' || text.front() == 'T' || text.front() == ',');
}

bool HasNumberCommas(std::string_view text) {
  return HasDecimalComma(text) || HasCommasBetweenThousands(text);
}

std::string ExpectedNumber(std::string_view text) {
  constexpr std::string_view kNumber = "a finite number";
  if (NumberFromText(text)) return std::string(kNumber);
  if (HasDecimalComma(text)) {
    return StrCat(kNumber, ": this one has a decimal comma, and a point is read alone; write ",
                  Respelt(text, '.', ',', '.'));
  }
  if (HasCommasBetweenThousands(text)) {
    return StrCat(kNumber, ": this one has commas between thousands; write ",
                  Respelt(text, ',', '.', '.'));
  }
  if (IsDateWithYearLast(text) || TimeFromText(text)) {
    return StrCat(kNumber, ": this is a date, which time and --split-by-time read");
  }
  if (HasUnit(text)) return StrCat(kNumber, ": this one has a unit; write the number alone");
  return StrCat(kNumber, " (texts that mean \"missing\": missing_marker)");
}

std::string ExpectedTime(std::string_view text) {
  constexpr std::string_view kTime = "a number, or a date like 2025-11-27 16:00:00";
  if (IsDateWithYearLast(text)) {
    return StrCat(kTime,
                  ": this date does not begin with its year, so that day and month are "
                  "open; write the year first");
  }
  if (HasDecimalComma(text)) {
    return StrCat(kTime, ": this number has a decimal comma; write ", Respelt(text, '.', ',', '.'));
  }
  return std::string(kTime);
}

}  // namespace chorus::worker
