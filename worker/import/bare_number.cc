#include "worker/import/bare_number.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>

#include "common/lower_letter.h"

namespace chorus::worker {
namespace {

constexpr std::string_view kNumberDigits = "0123456789";
constexpr std::string_view kTypesetMinus = "\xe2\x88\x92";  // U+2212
// U+00A0, U+202F, U+2009.
constexpr std::string_view kTypesetBlanks[] = {"\xc2\xa0", "\xe2\x80\xaf", "\xe2\x80\x89"};
constexpr std::string_view kApostrophes[] = {"'", "\xe2\x80\x99"};
// "R$" and "US$" end in a sign and need no blank before the digits; words do.
constexpr std::string_view kMoneySigns[] = {"%", "$", "€", "£", "¥",   "₩",  "₹",  "₺",  "₽",
                                            "₫", "₪", "₴", "฿", "US$", "R$", "A$", "C$", "HK$"};
constexpr std::string_view kMoneyWords[] = {
    "eur", "euro", "euros", "usd", "gbp", "chf", "jpy",  "cny", "rmb", "inr", "krw", "brl",
    "cad", "aud",  "nzd",   "hkd", "sgd", "twd", "thb",  "vnd", "idr", "myr", "php", "sek",
    "nok", "dkk",  "isk",   "pln", "czk", "huf", "ron",  "bgn", "try", "tl",  "rub", "uah",
    "ils", "aed",  "sar",   "zar", "mxn", "ars", "clp",  "cop", "kr",  "kr.", "fr.", "sfr.",
    "rs.", "zł",   "Kč",    "Ft",  "lei", "руб", "руб.", "грн", "元",  "円",  "원",  "pct"};

template <size_t n>
bool IsAmong(const std::string_view (&words)[n], std::string_view text) {
  return std::find(std::begin(words), std::end(words), text) != std::end(words);
}

bool IsMoneyWord(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = LowerLetter(c);
  return IsAmong(kMoneyWords, text) || IsAmong(kMoneyWords, lower);
}

// A few letters, of whatever alphabet.
bool IsShortWord(std::string_view text) {
  constexpr ptrdiff_t kMostLetters = 5;
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<uint8_t>(c) > 127;
  };
  const auto begins = std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<uint8_t>(c) & 0xc0) != 0x80;  // not a later byte of UTF-8
  });
  return !text.empty() && begins <= kMostLetters &&
         std::all_of(text.begin(), text.end(), is_letter);
}

// Bytes of the blank that the text begins or ends with; 0: none.
size_t BlankAt(std::string_view text, bool at_end, bool* typeset) {
  if (text.empty()) return 0;
  const char edge = at_end ? text.back() : text.front();
  if (edge == ' ' || edge == '\t') return 1;
  for (const std::string_view blank : kTypesetBlanks) {
    if (!(at_end ? text.ends_with(blank) : text.starts_with(blank))) continue;
    *typeset = true;
    return blank.size();
  }
  return 0;
}

// Whether there was a blank.
bool StripBlanks(std::string_view* text, bool* typeset) {
  const size_t before = text->size();
  while (const size_t bytes = BlankAt(*text, false, typeset)) text->remove_prefix(bytes);
  while (const size_t bytes = BlankAt(*text, true, typeset)) text->remove_suffix(bytes);
  return text->size() < before;
}

// Takes a sign from the begin or the end of what is before the number: "-$", "$-".
std::string TakeSign(std::string_view* before, bool* typeset) {
  for (const std::string_view sign :
       {std::string_view("-"), std::string_view("+"), kTypesetMinus}) {
    if (before->starts_with(sign)) {
      before->remove_prefix(sign.size());
    } else if (before->ends_with(sign)) {
      before->remove_suffix(sign.size());
    } else {
      continue;
    }
    *typeset |= sign == kTypesetMinus;
    return sign == "+" ? "+" : "-";
  }
  return "";
}

// Bytes of the mark between thousands that the text begins with; 0: none.
size_t GapAt(std::string_view text, BareNumber* number) {
  for (const std::string_view mark : kApostrophes) {
    if (!text.starts_with(mark)) continue;
    number->is_typeset = true;
    return mark.size();
  }
  bool typeset = false;
  const size_t bytes = BlankAt(text, false, &typeset);
  (typeset ? number->is_typeset : number->has_gaps) |= bytes > 0;
  return bytes;
}

// Appends "1234,50" of "1 234,50". False: what is between the digits does not part thousands.
bool AppendUngrouped(std::string_view text, BareNumber* number) {
  constexpr size_t kThousand = 3;
  const size_t sign = number->text.size();
  bool grouped = false;
  size_t run = 0;  // digits
  while (!text.empty()) {
    const size_t gap = GapAt(text, number);
    if (gap == 0) {
      run = kNumberDigits.find(text.front()) == std::string_view::npos ? 0 : run + 1;
      number->text += text.front();
      text.remove_prefix(1);
      continue;
    }
    text.remove_prefix(gap);
    const size_t digits = std::min(text.find_first_not_of(kNumberDigits), text.size());
    // Each group but the first has three digits, and the first no more.
    const bool is_first = run == number->text.size() - sign;
    if (run == 0 || run > kThousand || digits != kThousand || (!grouped && !is_first)) return false;
    grouped = true;
    run = 0;
  }
  while (grouped && number->text.size() > sign + 1 && number->text[sign] == '0' &&
         kNumberDigits.find(number->text[sign + 1]) != std::string_view::npos) {
    number->text.erase(sign, 1);  // "0 403,50"
  }
  return true;
}

}  // namespace

std::optional<BareNumber> BareNumberOf(std::string_view text) {
  constexpr size_t kLongest = 64;  // bytes
  size_t begin = text.find_first_of(kNumberDigits);
  if (begin == std::string_view::npos || text.size() > kLongest) return std::nullopt;
  if (begin > 0 && text[begin - 1] == '.' && (begin == 1 || text[begin - 2] < 'A')) --begin;
  const size_t end = text.find_last_of(kNumberDigits) + 1;
  BareNumber number;
  std::string_view before = text.substr(0, begin), behind = text.substr(end);
  const bool spaced_before = StripBlanks(&before, &number.is_typeset);
  number.text = TakeSign(&before, &number.is_typeset);
  StripBlanks(&before, &number.is_typeset);
  const bool spaced_behind = StripBlanks(&behind, &number.is_typeset);
  if (!AppendUngrouped(text.substr(begin, end - begin), &number)) return std::nullopt;
  if (!before.empty() && !behind.empty()) return std::nullopt;
  if (!before.empty()) {
    if (!IsAmong(kMoneySigns, before) && !(spaced_before && IsMoneyWord(before))) {
      return std::nullopt;
    }
    number.unit = BareNumber::Unit::kMoney;
  } else if (IsAmong(kMoneySigns, behind) || IsMoneyWord(behind)) {
    number.unit = BareNumber::Unit::kMoney;
  } else if (!behind.empty()) {
    if (!IsShortWord(behind)) return std::nullopt;
    number.unit = BareNumber::Unit::kWord;
  }
  number.is_spaced = spaced_before || spaced_behind;
  return number;
}

}  // namespace chorus::worker
