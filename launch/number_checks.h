#pragma once
// Checks, for CLI11, of the numbers that an option takes: help shows "[1 .. 4096]" or "[0 or more]", and the error for
// another number uses the same words. Thread safety: pure functions.

#include <CLI/CLI.hpp>

#include <cstdint>
#include <optional>
#include <sstream>
#include <string>
#include <type_traits>
#include <utility>

#include "common/strings.h"

namespace chorus::launch {

// The whole text as a number. CLI11's own parser is not used, since it takes "10%" for 10 and "-1"
// for a large number.
template <typename T>
std::optional<T> NumberIn(const std::string& text) {
  if constexpr (std::is_floating_point_v<T>) {
    const std::optional<double> number = ParseDouble(text);
    if (!number.has_value()) return std::nullopt;
    return static_cast<T>(*number);
  } else {
    const auto number = [&] {
      if constexpr (std::is_signed_v<T>) return ParseInt64(text);
      if constexpr (std::is_unsigned_v<T>) return ParseUint64(text);
    }();
    if (!number.has_value() || !std::in_range<T>(*number)) return std::nullopt;
    return static_cast<T>(*number);
  }
}

// T: the type of the option's values. is_one: whether a value is allowed. words: the allowed values
// in words, "0 or more".
template <typename T, typename IsOne>
CLI::Validator NumberCheck(const std::string& words, IsOne is_one) {
  const std::string expected =
      std::string(std::is_integral_v<T> ? "a whole number, " : "a number, ") + words;
  return CLI::Validator(
      [=](std::string& input) -> std::string {
        const std::optional<T> value = NumberIn<T>(input);
        if (value.has_value() && is_one(*value)) return "";
        return "found " + input + ", expected " + expected;
      },
      "[" + words + "]");
}

template <typename T>
CLI::Validator Within(T least, T most) {
  std::ostringstream words;
  words.precision(12);
  words << least << " .. " << most;
  return NumberCheck<T>(words.str(), [=](T value) { return value >= least && value <= most; });
}

inline CLI::Validator Count() {
  return NumberCheck<uint64_t>("0 or more", [](uint64_t) { return true; });
}

inline CLI::Validator NotNegative() {
  return NumberCheck<double>("0 or more", [](double value) { return value >= 0; });
}

inline CLI::Validator Positive() {
  return NumberCheck<double>("above 0", [](double value) { return value > 0; });
}

}  // namespace chorus::launch
