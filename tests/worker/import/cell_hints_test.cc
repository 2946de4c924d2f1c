// Cells in the spelling of another country are named as such, with what to write instead.
#include "worker/import/cell_hints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chorus::worker {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(CellHintsTest, NumbersWithCommasSayHowToWriteThem) {
  EXPECT_THAT(ExpectedNumber("0,5"),
              HasSubstr("a decimal comma, and a point is read alone; write 0.5"));
  EXPECT_THAT(ExpectedNumber("-1.234,50"), HasSubstr("write -1234.50"));
  EXPECT_THAT(ExpectedNumber("1,234,567.8"),
              HasSubstr("commas between thousands; write 1234567.8"));
  EXPECT_THAT(ExpectedTime("1764201600,5"),
              HasSubstr("a decimal comma, and a point is read alone; write 1764201600.5"));
}

TEST(CellHintsTest, ACommaThatMayBeEitherIsToldAsOpen) {
  for (const char* open : {"1,234", "12,500", "-100,000"}) {
    EXPECT_THAT(ExpectedNumber(open), HasSubstr("before its decimals or between thousands"));
    EXPECT_THAT(ExpectedNumber(open), Not(HasSubstr("this one has"))) << open;
  }
  EXPECT_THAT(ExpectedNumber("1,234"), HasSubstr("write 1.234 or 1234"));
  EXPECT_THAT(ExpectedTime("1,234"), HasSubstr("write 1.234 or 1234"));
  for (const char* decimal : {"0,125", "1234,567", "1,23", "1,2345", "1.234,567"}) {
    EXPECT_THAT(ExpectedNumber(decimal), HasSubstr("has a decimal comma")) << decimal;
  }
  EXPECT_THAT(ExpectedNumber("1,234.567"), HasSubstr("commas between thousands; write 1234.567"));
}

TEST(CellHintsTest, DatesThatDoNotBeginWithTheYearAreNamed) {
  for (const char* date :
       {"27.11.2025", "1.2.2025", "27.11.25", "7/4/25", "27-11-2025 16:00", "11/27/2025, 4 PM"}) {
    EXPECT_TRUE(IsDateWithYearLast(date)) << date;
    EXPECT_THAT(ExpectedTime(date), HasSubstr("does not begin with its year")) << date;
    EXPECT_THAT(ExpectedNumber(date), HasSubstr("this is a date")) << date;
  }
  for (const char* other :
       {"", "2025-11-27", "27.11", "1.2.3", "27.11-2025", "192.168.0.1", "27.11.2025x", "1.2.10",
        "4.10.21", "12.0.99", "13.14.2025", "0.5.2025", "32/1/2025"}) {
    EXPECT_FALSE(IsDateWithYearLast(other)) << other;
  }
  EXPECT_THAT(ExpectedNumber("2025-11-27"), HasSubstr("this is a date"));
}

TEST(CellHintsTest, UnitsAreNamedAndOtherTextsMayMeanMissing) {
  for (const char* amount : {"12 EUR", "99%", "$3.50", "€ 7", "-5 %", "12 €"}) {
    EXPECT_THAT(ExpectedNumber(amount), HasSubstr("has a unit")) << amount;
  }
  for (const char* text :
       {"dear", "a1b", "", ",", "12 monkeys", "1,2,3,x", "user7", "v12", "Q3", "#5", "12 #"}) {
    EXPECT_THAT(ExpectedNumber(text), HasSubstr("missing_marker")) << text;
    EXPECT_THAT(ExpectedNumber(text), Not(HasSubstr("write"))) << text;
  }
  EXPECT_EQ(ExpectedNumber("1e39"), "a finite number");
  EXPECT_EQ(ExpectedTime("noon"), "a number, or a date like 2025-11-27 16:00:00");
}

}  // namespace
}  // namespace chorus::worker
