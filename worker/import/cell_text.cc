#include "worker/import/cell_text.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "common/strings.h"

namespace chorus::worker {
namespace {

constexpr std::string_view kBlanks = " \t";
constexpr std::string_view kDefaultMarkers[] = {"NaN", "nan",  "NAN",  "NA",   "N/A",
                                                "n/a", "<NA>", "NULL", "Null", "null",
                                                "\\N", "None", "none", "-"};

bool IsBlank(char c) { return c == ' ' || c == '\t'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Whether `text` is `lower`, whatever the case of its letters.
bool IsWord(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(), [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
  });
}

}  // namespace

std::optional<uint8_t> LabelFromText(std::string_view text) {
  if (text.size() == 1 && (text[0] == '0' || text[0] == '1')) {
    return static_cast<uint8_t>(text[0] - '0');
  }
  for (const std::string_view word : {"true", "t", "yes", "y"}) {
    if (IsWord(text, word)) return uint8_t{1};
  }
  for (const std::string_view word : {"false", "f", "no", "n"}) {
    if (IsWord(text, word)) return uint8_t{0};
  }
  const auto number = NumberFromText(text);
  if (!number || (*number != 0 && *number != 1)) return std::nullopt;
  return static_cast<uint8_t>(*number);
}

std::string ExpectedLabel(std::string_view text) {
  std::string expected = "0 or 1";
  const auto number = NumberFromText(text);
  if (text.empty()) {
    expected += " (rows without labels are imported with --unlabelled)";
  } else if (!number) {
    expected += " (or 0.0, 1.0, true, false, yes, no)";
  } else if (*number == -1) {
    expected += ": -1 may mean \"no\" or \"unknown\"; write 0, or leave the row out";
  } else if (*number > 1 && *number == std::floor(*number)) {
    expected += ": a count is no label; write 1 for counts above 0, or a row for each exposure";
  } else if (*number > 0) {
    expected +=
        ": a rate is no label; write one row with 1 and one with 0, and their shares in a weight "
        "column";
  }
  return expected;
}

std::optional<double> NumberFromText(std::string_view text) {
  if (const auto number = ParseDouble(text)) return number;
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  if (const auto number = ParseDouble(text)) return number;
  // "1e-400" is out of the range of doubles at the end where it does no harm.
  const size_t exponent = text.find_first_of("eE");
  if (exponent == std::string_view::npos || exponent + 1 >= text.size()) return std::nullopt;
  if (text[exponent + 1] != '-') return std::nullopt;
  const bool well_formed = ParseDouble(text.substr(0, exponent)).has_value() &&
                           std::all_of(text.begin() + exponent + 2, text.end(), IsDigit) &&
                           exponent + 2 < text.size();
  return well_formed ? std::optional<double>(0.0) : std::nullopt;
}

std::optional<uint64_t> RowIdFromText(std::string_view text) {
  const std::string_view integer = IntegerOfDecimal(text);
  return ParseUint64(integer.empty() ? text : integer);
}

std::string_view IntegerOfDecimal(std::string_view text) {
  const size_t last = text.find_last_not_of('0');
  if (last == std::string_view::npos || last == 0 || text[last] != '.') return {};
  const std::string_view integer = text.substr(0, last);
  const std::string_view digits = integer.substr(integer[0] == '-' ? 1 : 0);
  const bool canonical = !digits.empty() && std::all_of(digits.begin(), digits.end(), IsDigit) &&
                         (digits[0] != '0' || integer == "0");
  return canonical ? integer : std::string_view();
}

bool IsIntegerWithExponent(std::string_view text) {
  constexpr size_t kMostExponent = 19;  // of 64 bits
  const size_t e = text.find_first_of("eE");
  if (e == std::string_view::npos || e == 0 || !IsDigit(text[0])) return false;
  const std::string_view mantissa = text.substr(0, e);
  std::string_view exponent = text.substr(e + 1);
  if (exponent.starts_with('+')) exponent.remove_prefix(1);
  const auto tens =
      ParseUint64(exponent.size() == 2 && exponent[0] == '0' ? exponent.substr(1) : exponent);
  if (!tens || *tens == 0 || *tens > kMostExponent) return false;
  if (mantissa.size() == 1) return true;
  return mantissa.size() > 2 && mantissa[1] == '.' && mantissa.size() - 2 <= *tens &&
         std::all_of(mantissa.begin() + 2, mantissa.end(), IsDigit);
}

bool IsAscii(std::string_view text) {
  uint64_t all = 0;
  for (; text.size() >= sizeof(all); text.remove_prefix(sizeof(all))) {
    uint64_t eight = 0;
    std::memcpy(&eight, text.data(), sizeof(eight));
    all |= eight;
  }
  for (const char c : text) all |= static_cast<uint8_t>(c);
  return (all & 0x8080808080808080ULL) == 0;
}

bool IsUtf8(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  for (size_t i = 0; i < text.size();) {
    const uint8_t first = byte(i);
    const size_t more = first < 0x80   ? 0
                        : first < 0xc2 ? 4
                        : first < 0xe0 ? 1
                        : first < 0xf0 ? 2
                                       : 3;
    if (more == 4 || first > 0xf4 || more >= text.size() - i) return false;
    for (size_t k = 1; k <= more; ++k) {
      if ((byte(i + k) & 0xc0) != 0x80) return false;
    }
    if (more > 1) {  // no longer than needed, no half of a UTF-16 pair, no more than U+10FFFF
      const uint8_t second = byte(i + 1);
      if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
          (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f)) {
        return false;
      }
    }
    i += 1 + more;
  }
  return true;
}

std::string_view TrimBlanks(std::string_view text) {
  while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsBlank(text.back())) text.remove_suffix(1);
  return text;
}

CellRules::CellRules(const ImportSchema& schema)
    : trim_(schema.trim()),
      decimal_ids_are_integers_(schema.decimal_ids() == ImportSchema::AS_INTEGER) {
  if (schema.missing_marker_size() > 0) {
    markers_.assign(schema.missing_marker().begin(), schema.missing_marker().end());
    std::erase(markers_, "");
  } else {
    markers_.assign(std::begin(kDefaultMarkers), std::end(kDefaultMarkers));
  }
  for (const std::string& marker : markers_) {
    odd_front_[static_cast<uint8_t>(marker[0])] |= SizesOf(marker);
    longest_marker_ = std::max(longest_marker_, marker.size());
  }
  for (const char blank : trim_ ? kBlanks : std::string_view()) {
    odd_front_[static_cast<uint8_t>(blank)] = odd_back_[static_cast<uint8_t>(blank)] = kAllSizes;
  }
}

// The lengths of texts that mean the same as a marker: its own, and where decimals are integers,
// those of all spellings of a number.
uint32_t CellRules::SizesOf(const std::string& marker) const {
  const bool has_digits = std::any_of(marker.begin(), marker.end(), IsDigit);
  return decimal_ids_are_integers_ && has_digits ? kAllSizes : SizeBit(marker.size());
}

CellRules::Cell CellRules::Read(std::string_view text, bool keep_markers) const {
  Cell cell{text};
  if (trim_) {
    cell.text = TrimBlanks(text);
    cell.trimmed = cell.text.size() != text.size();
  }
  cell.missing = cell.text.empty() || (!keep_markers && IsMarker(cell.text));
  return cell;
}

bool CellRules::IsMarker(std::string_view text) const {
  if ((odd_front_[static_cast<uint8_t>(text.front())] & SizeBit(text.size())) == 0) return false;
  const auto is_any = [&](const auto& says) {
    return std::any_of(markers_.begin(), markers_.end(), [&](const std::string& marker) {
      return marker[0] == text[0] && says(marker);
    });
  };
  if (text.size() <= longest_marker_ && is_any([&](const auto& m) { return m == text; }))
    return true;
  if (!decimal_ids_are_integers_) return false;
  // Where "41.0" is 41, "-1.0" is missing as -1 is.
  const auto integer_of = [](std::string_view number) {
    const std::string_view integer = IntegerOfDecimal(number);
    return integer.empty() ? number : integer;
  };
  const std::string_view integer = integer_of(text);
  return is_any([&](const auto& m) { return integer_of(m) == integer; });
}

}  // namespace chorus::worker
