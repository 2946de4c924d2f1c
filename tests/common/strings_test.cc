#include "common/strings.h"

#include <gtest/gtest.h>

#include <limits>

#include "common/check.h"

namespace chorus {
namespace {

TEST(Strings, StrCatPrintsEachKindOfPart) {
  EXPECT_EQ(StrCat("step ", 12, ": ", 0.5, ' ', true, std::string("x"), uint64_t{1} << 63),
            "step 12: 0.5 truex9223372036854775808");
  EXPECT_EQ(StrCat(), "");
  EXPECT_EQ(StrCat(-3, uint8_t{200}), "-3200");
  EXPECT_EQ(StrCat(1.0 / 3), "0.3333333333");
}

TEST(Strings, SplitKeepsEmptyParts) {
  using Parts = std::vector<std::string>;
  EXPECT_EQ(Split("a,,b,", ','), (Parts{"a", "", "b", ""}));
  EXPECT_EQ(Split("", ','), (Parts{""}));
}

TEST(Strings, JoinIsTheInverseOfSplit) {
  EXPECT_EQ(Join(Split("a,,b,", ','), ","), "a,,b,");
  EXPECT_EQ(Join({}, ","), "");
}

TEST(Strings, TrimTakesBlanksAndTabsOnly) {
  EXPECT_EQ(Trim(" \ta b\t "), "a b");
  EXPECT_EQ(Trim(" \t "), "");
  EXPECT_EQ(Trim("\n"), "\n");
}

TEST(Strings, NumbersAreParsedWholeOrNotAtAll) {
  EXPECT_EQ(ParseInt64("-9223372036854775808"), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(ParseUint64("18446744073709551615"), std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(ParseDouble("-1.5e3"), -1500.0);
  for (const char* bad : {"", " 1", "1 ", "+1", "1x", "9223372036854775808", "1.0"}) {
    EXPECT_EQ(ParseInt64(bad), std::nullopt) << bad;
  }
  for (const char* bad : {"-1", "18446744073709551616", "0x1"}) {
    EXPECT_EQ(ParseUint64(bad), std::nullopt) << bad;
  }
  for (const char* bad : {"", "nan", "inf", "-inf", "1e999", "1,5", " 1"}) {
    EXPECT_EQ(ParseDouble(bad), std::nullopt) << bad;
  }
}

TEST(CheckDeathTest, NamesExpressionAndValues) {
  const int rows = 3;
  EXPECT_DEATH(CHECK(rows == 4, "rows=", rows), "rows == 4.*rows=3");
  CHECK(rows == 3);
}

}  // namespace
}  // namespace chorus
