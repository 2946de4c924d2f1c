#pragma once
// Joins, splits and parses text, for messages and for numbers that users write.
// Thread safety: pure functions.

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace chorus {

namespace internal {
void AppendDouble(std::string* out, double value);
template <typename T>
void AppendPart(std::string* out, const T& part) {
  if constexpr (std::is_same_v<T, bool>) {
    out->append(part ? "true" : "false");
  } else if constexpr (std::is_same_v<T, char>) {
    out->push_back(part);
  } else if constexpr (std::is_enum_v<T>) {
    AppendPart(out, static_cast<int64_t>(part));
  } else if constexpr (std::is_integral_v<T>) {
    char buffer[24];
    auto end = std::to_chars(buffer, buffer + sizeof(buffer), part).ptr;
    out->append(buffer, end);
  } else if constexpr (std::is_floating_point_v<T>) {
    AppendDouble(out, static_cast<double>(part));
  } else {
    out->append(std::string_view(part));
  }
}
}  // namespace internal

// StrCat("step ", 12, ": ", 0.5) == "step 12: 0.5". Doubles print as %.10g.
template <typename... Parts>
std::string StrCat(const Parts&... parts) {
  std::string out;
  (internal::AppendPart(&out, parts), ...);
  return out;
}

std::vector<std::string> Split(std::string_view text, char separator);
std::string Join(const std::vector<std::string>& parts, std::string_view separator);
std::string HexDigits(uint64_t value);         // 16 digits in lower case
std::string_view Trim(std::string_view text);  // without leading and trailing blanks and tabs

// The whole text as a number, or nothing if there is a leading blank, a rest, or an overflow.
std::optional<int64_t> ParseInt64(std::string_view text);
std::optional<uint64_t> ParseUint64(std::string_view text);
std::optional<double> ParseDouble(std::string_view text);  // finite values only

}  // namespace chorus
