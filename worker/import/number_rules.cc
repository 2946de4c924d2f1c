#include "worker/import/number_rules.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "common/strings.h"

namespace chorus::worker {
namespace {

template <typename T>
bool Contains(const std::vector<T>& values, T value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

bool IsIntegral(double x) { return x == std::floor(x); }

std::string Printed(double x, std::chars_format format) {
  char buffer[64];
  const char* const end = std::to_chars(buffer, buffer + sizeof(buffer), x, format).ptr;
  return {buffer, static_cast<size_t>(end - buffer)};
}

}  // namespace

std::optional<int64_t> ExactInteger(double x) {
  if (!IsIntegral(x) || std::abs(x) >= kFirstInexactInteger) return std::nullopt;
  return static_cast<int64_t>(x);
}

std::string TextOfDouble(double x) {
  if (!std::isfinite(x)) return StrCat(x);
  std::string text = Printed(x, std::chars_format::scientific);
  size_t digits = text.find('e') + 1;
  if (text[digits] == '+') ++digits;
  const int64_t exponent = ParseInt64(text.substr(digits)).value_or(0);
  if (exponent < -4 || exponent >= 16) return text;  // as Python does
  text = Printed(x, std::chars_format::fixed);
  return text.find('.') == std::string::npos ? text + ".0" : text;
}

NumberRules::NumberRules(const CellRules& rules)
    : decimals_are_integers_(rules.decimal_ids_are_integers()) {
  for (const std::string& marker : rules.markers()) {
    std::string digits = marker;
    if (decimals_are_integers_) {
      if (const auto integer = IntegerOfDecimal(marker); !integer.empty()) digits = integer;
    }
    // "07" is the text of no number.
    if (const auto x = ParseInt64(digits); x && StrCat(*x) == digits) {
      integers_.push_back(*x);
    } else if (const auto large = ParseUint64(digits); large && StrCat(*large) == digits) {
      large_.push_back(*large);
    }
    if (const auto x = ParseDouble(marker); x && (!IsIntegral(*x) || TextOfDouble(*x) == marker)) {
      floats_.push_back(*x);
    }
  }
}

bool NumberRules::IsMarker(int64_t x) const { return Contains(integers_, x); }

bool NumberRules::IsMarker(uint64_t x) const {
  const auto as_signed = static_cast<int64_t>(x);
  return as_signed >= 0 ? IsMarker(as_signed) : Contains(large_, x);
}

bool NumberRules::IsMarker(double x) const {
  if (!has_markers()) return false;
  const auto integer = decimals_are_integers_ ? ExactInteger(x) : std::nullopt;
  return integer ? IsMarker(*integer) : Contains(floats_, x);
}

FloatId NumberRules::IdOf(double x, bool keep_markers) const {
  if (std::isnan(x) || (!keep_markers && IsMarker(x))) return {FloatId::kMissing};
  if (std::abs(x) >= kFirstInexactInteger) return {FloatId::kInexact};
  const auto integer = decimals_are_integers_ ? ExactInteger(x) : std::nullopt;
  if (!integer) return {FloatId::kText};
  return {FloatId::kInteger, static_cast<uint64_t>(*integer)};
}

}  // namespace chorus::worker
