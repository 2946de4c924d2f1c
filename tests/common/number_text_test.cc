// Short numbers are read by a way of their own, and are what the library's way gives, to the bit.

#include <gtest/gtest.h>

#include <bit>
#include <charconv>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "common/key.h"
#include "common/strings.h"

namespace chorus {
namespace {

std::optional<uint64_t> BitsByLibrary(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return std::bit_cast<uint64_t>(value);
}
std::optional<uint64_t> Bits(std::string_view text) {
  const auto value = ParseDouble(text);
  if (!value) return std::nullopt;
  return std::bit_cast<uint64_t>(*value);
}

TEST(NumberText, ShortDecimalsAreTheNearestDoubles) {
  std::mt19937_64 draw(1);
  for (int i = 0; i < 20000; ++i) {
    std::string text = draw() % 3 == 0 ? "-" : "";
    for (uint64_t digits = draw() % 12; digits > 0; --digits) {
      text += static_cast<char>('0' + draw() % 10);
    }
    if (draw() % 4 != 0) text += '.';
    for (uint64_t digits = draw() % 10; digits > 0; --digits) {
      text += static_cast<char>('0' + draw() % 10);
    }
    ASSERT_EQ(Bits(text), BitsByLibrary(text)) << text;
  }
}

TEST(NumberText, WhatIsNoNumberStaysNone) {
  for (const char* text : {"", "-", ".", "-.", "+1", " 1", "1 ", "1,5", "1.2.3", "--1", "1e", "0x1",
                           "1-", "12a", "."}) {
    EXPECT_EQ(Bits(text), BitsByLibrary(text)) << text;
    EXPECT_FALSE(ParseDouble(text).has_value()) << text;
  }
  for (const char* text : {"-0", "0.", ".5", "-.5", "1e5", "123456789012345678901", "0.1e-3"}) {
    EXPECT_EQ(Bits(text), BitsByLibrary(text)) << text;
    EXPECT_TRUE(ParseDouble(text).has_value()) << text;
  }
}

TEST(NumberText, AnIntegerIsItsIdInOneSpellingAlone) {
  EXPECT_EQ(IdFromText("0"), 0u);
  EXPECT_EQ(IdFromText("-1"), ~uint64_t{0});
  EXPECT_EQ(IdFromText("999999999999999999"), 999999999999999999u);
  EXPECT_EQ(IdFromText("-999999999999999999"), uint64_t{0} - 999999999999999999u);
  EXPECT_EQ(IdFromText("1000000000000000000"), 1000000000000000000u);
  EXPECT_EQ(IdFromText("18446744073709551615"), ~uint64_t{0});
  for (const char* text : {"", "-", "-0", "00", "01", "-01", "+1", "1a", "1.", " 1",
                           "18446744073709551616", "-9223372036854775809"}) {
    EXPECT_GT(IdFromText(text), uint64_t{1} << 40) << text;  // a hash
  }
}

}  // namespace
}  // namespace chorus
