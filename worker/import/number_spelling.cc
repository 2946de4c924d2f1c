#include "worker/import/number_spelling.h"

#include <algorithm>
#include <cstddef>
#include <iterator>

#include "worker/import/cell_text.h"

namespace chorus::worker {
namespace {

constexpr std::string_view kUnitSigns[] = {"%", "$", "€", "£", "¥", "₩", "₹", "₺", "₽"};

bool AreDigits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Takes one sign and the blanks beside it from the begin or the end of the text.
bool TakeUnit(std::string_view* text) {
  for (const std::string_view sign : kUnitSigns) {
    if (text->starts_with(sign)) {
      text->remove_prefix(sign.size());
      *text = TrimBlanks(*text);
      return true;
    }
    if (text->ends_with(sign)) {
      text->remove_suffix(sign.size());
      *text = TrimBlanks(*text);
      return true;
    }
  }
  return false;
}

// Takes "12", or "1.234.567" with such marks between groups of three. grouped: there was a mark.
// False: the text does not begin so, or with a zero before other digits, as codes do.
bool TakeWhole(std::string_view* text, char mark, bool* grouped) {
  constexpr size_t kGroup = 3;
  const size_t digits = std::min(text->find_first_not_of("0123456789"), text->size());
  if (digits == 0 || (digits > 1 && text->front() == '0')) return false;
  text->remove_prefix(digits);
  *grouped = false;
  while (digits <= kGroup && text->size() > kGroup && text->front() == mark &&
         AreDigits(text->substr(1, kGroup))) {
    const std::string_view behind = text->substr(1 + kGroup);
    if (!behind.empty() && AreDigits(behind.substr(0, 1))) break;
    text->remove_prefix(1 + kGroup);
    *grouped = true;
  }
  return true;
}

// "1.234,50", "0,5": points between thousands and one comma before decimals.
NumberSpelling WithDecimalComma(std::string_view text) {
  bool grouped = false;
  if (!TakeWhole(&text, '.', &grouped) || !text.starts_with(',') || !AreDigits(text.substr(1))) {
    return NumberSpelling::kNone;
  }
  const std::string_view decimals = text.substr(1);
  const bool leading_zero = decimals.size() > 1 && decimals.front() == '0';  // no id begins so
  return grouped || leading_zero ? NumberSpelling::kCertain : NumberSpelling::kOpen;
}

// "1,234.50", "1,234,567".
NumberSpelling WithThousands(std::string_view text) {
  const std::string_view whole = text;
  bool grouped = false;
  if (!TakeWhole(&text, ',', &grouped) || !grouped) return NumberSpelling::kNone;
  if (text.empty()) {
    // "1,012": no id begins with a zero. "1,234,567" may be three ids.
    return whole.find(",0") == std::string_view::npos ? NumberSpelling::kOpen
                                                      : NumberSpelling::kCertain;
  }
  const bool decimals = text.front() == '.' && AreDigits(text.substr(1));
  return decimals ? NumberSpelling::kCertain : NumberSpelling::kNone;
}

}  // namespace

NumberSpelling SpellingOf(std::string_view text) {
  if (NumberFromText(text)) return NumberSpelling::kNone;
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  const bool unit = TakeUnit(&text);
  if (unit && (text.starts_with('-') || text.starts_with('+'))) text.remove_prefix(1);
  NumberSpelling found = WithDecimalComma(text);
  if (found != NumberSpelling::kCertain) {
    const NumberSpelling thousands = WithThousands(text);
    if (thousands != NumberSpelling::kNone) found = thousands;
  }
  const bool number = found != NumberSpelling::kNone || NumberFromText(text).has_value();
  return unit && number ? NumberSpelling::kCertain : found;
}

}  // namespace chorus::worker
