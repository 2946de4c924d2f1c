#include "common/key.h"

#include <xxhash.h>

#include "common/strings.h"

namespace chorus {
namespace {

// Any number of this many digits fits into 63 bits.
constexpr size_t kDigitsThatFit = 18;

// Whether `digits` are decimal digits alone, and at least one; then *value is their number.
// REQUIRES: there are kDigitsThatFit of them at most.
bool ReadDigits(std::string_view digits, uint64_t* value) {
  uint64_t sum = 0;
  for (const char c : digits) {
    const uint32_t digit = static_cast<uint32_t>(static_cast<unsigned char>(c)) - '0';
    if (digit > 9) return false;
    sum = sum * 10 + digit;
  }
  *value = sum;
  return !digits.empty();
}

}  // namespace

uint64_t SpaceSeed(std::string_view key_space) {
  return Mix(XXH64(key_space.data(), key_space.size(), 0));
}

uint64_t IdFromText(std::string_view text) {
  const bool negative = text.starts_with('-');
  const std::string_view digits = text.substr(negative ? 1 : 0);
  const bool canonical = digits.starts_with('0') ? text.size() == 1 : true;
  if (canonical && digits.size() <= kDigitsThatFit) {
    uint64_t value = 0;
    if (ReadDigits(digits, &value)) return negative ? uint64_t{0} - value : value;
  } else if (canonical) {
    if (const auto value = ParseInt64(text)) return static_cast<uint64_t>(*value);
    if (const auto value = ParseUint64(text)) return *value;
  }
  return XXH64(text.data(), text.size(), 0);
}

}  // namespace chorus
