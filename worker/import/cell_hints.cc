#include "worker/import/cell_hints.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "common/strings.h"
#include "worker/import/bare_number.h"
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

// "1,234", "-12,500": the comma may be either of the two.
bool HasOpenComma(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  const std::string_view before = TakeDigits(&text, 3);
  if (before.empty() || before == "0" || !text.starts_with(',')) return false;
  text.remove_prefix(1);
  return TakeDigits(&text, 3).size() == 3 && text.empty();
}

// How to write a number with commas; "" when the text is none.
std::string CommaAdvice(std::string_view text) {
  const std::string with_point = Respelt(text, '.', ',', '.');
  const std::string without = Respelt(text, ',', '.', '.');
  if (HasOpenComma(text)) {
    return StrCat("the comma of this one is before its decimals or between thousands; write ",
                  with_point, " or ", without);
  }
  if (HasDecimalComma(text)) {
    return StrCat("this one has a decimal comma, and a point is read alone; write ", with_point);
  }
  if (HasCommasBetweenThousands(text)) {
    return StrCat("this one has commas between thousands; write ", without);
  }
  return "";
}

// What keeps a number with a unit or signs of typography from being read, and how to write it, all
// at once; "" when the text is none.
std::string BareAdvice(std::string_view text) {
  const std::optional<BareNumber> bare = BareNumberOf(text);
  if (!bare) return "";
  const bool commas = HasNumberCommas(bare->text);
  if (!commas && !NumberFromText(bare->text)) return "";
  std::vector<std::string> faults;
  if (bare->unit != BareNumber::Unit::kNone) faults.emplace_back("a unit");
  if (bare->is_typeset || bare->has_gaps) {
    faults.emplace_back("blanks, apostrophes or a minus sign that numbers are not read with");
  }
  if (faults.empty()) return "";
  const std::string with_point = Respelt(bare->text, '.', ',', '.');
  const std::string without = Respelt(bare->text, ',', '.', '.');
  std::string written = without;
  if (HasOpenComma(bare->text)) {
    faults.emplace_back("a comma that is before decimals or between thousands");
    written = StrCat(with_point, " or ", without);
  } else if (HasDecimalComma(bare->text)) {
    faults.emplace_back("a decimal comma");
    written = with_point;
  } else if (commas) {
    faults.emplace_back("commas between thousands");
  }
  return StrCat("this one has ", Join(faults, ", and "), "; write the number alone, ", written);
}

bool IsDayAndMonth(std::string_view first, std::string_view second) {
  const uint64_t a = ParseUint64(first).value_or(0), b = ParseUint64(second).value_or(0);
  constexpr uint64_t kMonths = 12, kDays = 31;
  return std::min(a, b) >= 1 && std::min(a, b) <= kMonths && std::max(a, b) <= kDays;
}

}  // namespace

bool IsDateWithYearLast(std::string_view text) {
  const std::string_view first = TakeDigits(&text, 2);
  if (first.empty() || text.empty()) return false;
  const char mark = text.front();
  if (mark != '.' && mark != '/' && mark != '-') return false;
  text.remove_prefix(1);
  const std::string_view second = TakeDigits(&text, 2);
  if (text.empty() || text.front() != mark || !IsDayAndMonth(first, second)) return false;
  text.remove_prefix(1);
  const size_t year = TakeDigits(&text, 4).size();
  // "4.10.21" is a version.
  const bool is_short = mark == '.' && (first.size() < 2 || second.size() < 2);
  return (year == 4 || (year == 2 && !is_short)) &&
         (text.empty() || text.front() == ' ' || text.front() == 'T' || text.front() == ',');
}

bool HasNumberCommas(std::string_view text) {
  return HasDecimalComma(text) || HasCommasBetweenThousands(text);
}

std::string ExpectedNumber(std::string_view text) {
  constexpr std::string_view kNumber = "a finite number";
  if (NumberFromText(text)) return std::string(kNumber);
  const std::string advice = CommaAdvice(text);
  if (!advice.empty()) return StrCat(kNumber, ": ", advice);
  if (IsDateWithYearLast(text) || TimeFromText(text)) {
    return StrCat(kNumber, ": this is a date, which time and --split-by-time read");
  }
  const std::string bare = BareAdvice(text);
  if (!bare.empty()) return StrCat(kNumber, ": ", bare);
  return StrCat(kNumber, " (texts that mean \"missing\": missing_marker)");
}

std::string ExpectedTime(std::string_view text) {
  constexpr std::string_view kTime = "a number, or a date like 2025-11-27 16:00:00";
  if (IsDateWithYearLast(text)) {
    return StrCat(kTime,
                  ": this date does not begin with its year, so that day and month are "
                  "open; write the year first");
  }
  const std::string advice = CommaAdvice(text);
  return advice.empty() ? std::string(kTime) : StrCat(kTime, ": ", advice);
}

}  // namespace chorus::worker
