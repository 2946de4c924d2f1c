#include "common/key.h"

#include <xxhash.h>

#include "common/strings.h"

namespace chorus {
namespace {
bool IsCanonicalInteger(std::string_view text) {
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  return digits == "0" ? digits.size() == text.size() : !digits.starts_with('0');
}
}  // namespace

uint64_t SpaceSeed(std::string_view key_space) {
  return Mix(XXH64(key_space.data(), key_space.size(), 0));
}

uint64_t IdFromText(std::string_view text) {
  if (IsCanonicalInteger(text)) {
    if (const auto value = ParseInt64(text)) return static_cast<uint64_t>(*value);
    if (const auto value = ParseUint64(text)) return *value;
  }
  return XXH64(text.data(), text.size(), 0);
}

}  // namespace chorus
