#include "common/utc_text.h"

#include <gtest/gtest.h>

#include <limits>

#include "common/strings.h"

namespace chorus {
namespace {

TEST(UtcTextTest, SecondsSince1970AreADate) {
  EXPECT_EQ(UtcText(0), "1970-01-01 00:00:00");
  EXPECT_EQ(UtcText(1764237600), "2025-11-27 10:00:00");
  EXPECT_EQ(UtcText(-1), "1969-12-31 23:59:59");
}

TEST(UtcTextTest, WhatIsInNoYearStaysANumber) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(UtcText(kMost), StrCat(kMost));
}

}  // namespace
}  // namespace chorus
