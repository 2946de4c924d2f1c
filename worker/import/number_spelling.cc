#include "worker/import/number_spelling.h"

#include <algorithm>
#include <cstddef>
#include <optional>

#include "worker/import/bare_number.h"
#include "worker/import/cell_text.h"

namespace chorus::worker {
namespace {

bool AreDigits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
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
  const std::optional<BareNumber> bare = BareNumberOf(text);
  if (!bare) return NumberSpelling::kNone;
  std::string_view number = bare->text;
  if (number.starts_with('-') || number.starts_with('+')) number.remove_prefix(1);
  NumberSpelling found = WithDecimalComma(number);
  if (found != NumberSpelling::kCertain) {
    const NumberSpelling thousands = WithThousands(number);
    if (thousands != NumberSpelling::kNone) found = thousands;
  }
  const bool has_commas = found != NumberSpelling::kNone;
  if (!has_commas && !NumberFromText(number)) return NumberSpelling::kNone;
  if (bare->unit == BareNumber::Unit::kMoney) return NumberSpelling::kCertain;
  if (bare->unit == BareNumber::Unit::kWord) {
    // "128 GB" and "12a" are categories, "1,5 kg" is not.
    if (!has_commas) return NumberSpelling::kNone;
    return bare->is_spaced ? NumberSpelling::kCertain : found;
  }
  if (bare->is_typeset) return NumberSpelling::kCertain;
  if (!bare->has_gaps) return found;
  // "1 234" may be two ids, "12 345,50" is not.
  return AreDigits(number) ? NumberSpelling::kOpen : NumberSpelling::kCertain;
}

}  // namespace chorus::worker
