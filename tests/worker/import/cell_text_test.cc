#include "worker/import/cell_text.h"

#include <gtest/gtest.h>

#include "tests/worker/import/import_testing.h"
#include "worker/import/wildcard.h"

namespace chorus::worker {
namespace {

TEST(LabelFromText, TakesNoCountNoRateAndNoOtherWord) {
  for (const char* text : {"2", "0.7", "-1", "01x", "nope", "truth", "", "1 0", "yesno", "1e-9"}) {
    EXPECT_FALSE(LabelFromText(text).has_value()) << text;
  }
}

TEST(NumberFromText, TakesWhatTablesHold) {
  EXPECT_EQ(NumberFromText("+5"), 5.0);
  EXPECT_EQ(NumberFromText(".5"), 0.5);
  EXPECT_EQ(NumberFromText("5."), 5.0);
  EXPECT_EQ(NumberFromText("1e-400"), 0.0);
  EXPECT_EQ(NumberFromText("-1.5E-999"), 0.0);
  for (const char* text : {"1e400", "inf", "-inf", "nan", "0x1p3", "1 234", "1,234.5", "1_000",
                           "+-5", "++5", "+", "1e-", "e-5", "1e-4x", ""}) {
    EXPECT_FALSE(NumberFromText(text).has_value()) << text;
  }
}

TEST(IsIntegerWithExponent, IsWhatProgramsMakeOfLargeIntegers) {
  for (const char* text : {"1e+05", "1e5", "1E5", "1.25e+06", "9e19", "1.2e1"}) {
    EXPECT_TRUE(IsIntegerWithExponent(text)) << text;
    ImportSchema schema;
    schema.set_decimal_ids(ImportSchema::AS_INTEGER);
    EXPECT_TRUE(CellRules(schema).IdMayDiffer(text)) << text;  // so that it is looked at
  }
  for (const char* text : {"", "e", "1e", "1e-5", "1.25e1", "1e20", "1e0", "12e5", "xe5", "1.e5",
                           "1e5f", "1.2.3e9", "100000"}) {
    EXPECT_FALSE(IsIntegerWithExponent(text)) << text;
  }
}

TEST(IsUtf8, RefusesWhatNoEncoderWrites) {
  for (const char* text : {"", "a", "\xc3\xbc", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "a\xc3\xbcz"}) {
    EXPECT_TRUE(IsUtf8(text)) << text;
  }
  for (const char* text : {"\xfc", "\xc3", "\xc3z", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80",
                           "\xf5\x80\x80\x80", "\x80", "\xf0\x9f\x98"}) {
    EXPECT_FALSE(IsUtf8(text)) << text;
    EXPECT_FALSE(IsAscii(text)) << text;
  }
}

TEST(TimeFromText, DatesAreSecondsSince1970) {
  const std::pair<const char*, int64_t> dates[] = {
      {"1970-01-01", 0},
      {"2025-11-27", 1764201600},
      {"2025/11/27", 1764201600},
      {"2017-05-06 00:00:00", 1494028800},
      {"2025-11-27T16:00", 1764259200},
      {"2025-11-27 16:00:00Z", 1764259200},
      {"2025-11-27 16:00:00 UTC", 1764259200},
      {"2025-11-27T17:00:00+01:00", 1764259200},
      {"2025-11-27T08:00:00-0800", 1764259200},
      {"2025-11-27T16:00:00.000", 1764259200},
      {"1969-12-31 23:59:59.5", -1},
      {"2024-02-29", 1709164800},
  };
  for (const auto& [text, seconds] : dates) {
    const auto time = TimeFromText(text);
    ASSERT_TRUE(time.has_value()) << text;
    EXPECT_TRUE(time->is_date) << text;
    EXPECT_EQ(time->value, seconds) << text;
    EXPECT_EQ(time->rounded, std::string_view(text).ends_with(".5")) << text;
  }
  for (const char* text :
       {"2025-02-29", "2025-13-01", "27-11-2025", "11/27/2025", "2025-11", "2025-11-27 25:00",
        "2025-11-27 16:00:", "2025-11-27 16:00:00.", "2025-11-27 16:00:00 CET", "2025-11-27x",
        "2025-11-27 16:00:00+1", "2025/11-27", "1e19", "inf", ""}) {
    EXPECT_FALSE(TimeFromText(text).has_value()) << text;
  }
}

TEST(CellRules, SaysOfOrdinaryTextsThatTheyStayAsTheyAre) {
  const CellRules rules(MakeSchema(""));
  for (const char* text : {"abc", "17", "x y", "3.5"}) EXPECT_FALSE(rules.MayDiffer(text)) << text;
  for (const char* text : {"", " a", "a\t", "NaN", "\\N", "-"}) {
    EXPECT_TRUE(rules.MayDiffer(text)) << text;
  }
}

TEST(MatchesWildcard, StarsStandForAnyTextAndQuestionMarksForOneByte) {
  for (const auto& [pattern, text] :
       std::initializer_list<std::pair<const char*, const char*>>{{"*", ""},
                                                                  {"*", "abc"},
                                                                  {"C*", "C"},
                                                                  {"C*", "C12"},
                                                                  {"C?", "C1"},
                                                                  {"*_id", "a_id_id"},
                                                                  {"a*b*c", "aXbYbZc"},
                                                                  {"", ""},
                                                                  {"a", "a"},
                                                                  {"**a", "a"}}) {
    EXPECT_TRUE(MatchesWildcard(pattern, text)) << pattern << " " << text;
  }
  for (const auto& [pattern, text] : std::initializer_list<std::pair<const char*, const char*>>{
           {"C?", "C"}, {"C?", "C12"}, {"*_id", "id"}, {"a*b", "abc"}, {"", "a"}, {"?", ""}}) {
    EXPECT_FALSE(MatchesWildcard(pattern, text)) << pattern << " " << text;
  }
}

}  // namespace
}  // namespace chorus::worker
