#include "worker/import/split.h"

#include <array>

#include <gtest/gtest.h>

#include "tests/worker/import/import_testing.h"

namespace chorus::worker {
namespace {

Split Parsed(const std::string& text) {
  auto split = Split::Parse(text);
  EXPECT_TRUE(split.ok()) << split.status().ToString();
  return std::move(split).value();
}

TEST(Split, DrawsTheFractionsThatWereAskedFor) {
  const Split split = Parsed("train:0.7,valid:0.1,test:0.2");
  std::array<int, 3> rows{};
  constexpr int kRows = 100000;
  for (int i = 0; i < kRows; ++i) ++rows[split.PartOf(1, static_cast<uint64_t>(i))];
  EXPECT_NEAR(rows[0], 0.7 * kRows, 600);  // 4 standard deviations of a binomial
  EXPECT_NEAR(rows[1], 0.1 * kRows, 400);
  EXPECT_NEAR(rows[2], 0.2 * kRows, 520);
}

TEST(Split, IsAFunctionOfSeedAndIdForEver) {
  const Split split = Parsed("folds:10");
  std::string first;
  std::string second;
  for (uint64_t id = 0; id < 24; ++id) {
    first += StrCat(split.PartOf(1, id));
    second += StrCat(split.PartOf(2, id));
  }
  EXPECT_EQ(first, "421149265795237506084247");
  EXPECT_EQ(second, "966159183241015307865441");
}

TEST(Split, RangesFollowRowOrderAndCoverAllRows) {
  const Split split = Parsed("train:0.8,test:0.2");
  EXPECT_EQ(split.PartOfRange(0, 11), 0u);
  EXPECT_EQ(split.PartOfRange(8, 11), 0u);  // round(8.8) = 9 rows
  EXPECT_EQ(split.PartOfRange(9, 11), 1u);
  EXPECT_EQ(split.PartOfRange(10, 11), 1u);
}

TEST(Split, NamesParts) {
  const Split folds = Parsed("folds:3");
  EXPECT_EQ(folds.parts(), 3u);
  EXPECT_EQ(folds.name(2), "fold-2");
  EXPECT_EQ(folds.training_part(), Split::kAllParts);
  EXPECT_EQ(Parsed("test:0.2,train:0.8").training_part(), 1u);
  EXPECT_EQ(Parsed("a:0.2,b:0.8").training_part(), 0u);
  EXPECT_EQ(Parsed("").parts(), 1u);
  EXPECT_EQ(Parsed("").name(0), "");
}

TEST(Split, ToleratesFractionsThatSumToOneButForRounding) {
  const Split split = Parsed("a:0.1,b:0.1,c:0.1,d:0.1,e:0.1,f:0.1,g:0.1,h:0.1,i:0.1,j:0.1");
  for (uint64_t id = 0; id < 10000; ++id) ASSERT_LT(split.PartOf(7, id), 10u);
}

TEST(Split, ByTimeCutsBeforeTheTimesGiven) {
  const auto one = Split::ParseTimes("ts:1764259200");
  ASSERT_OK(one.status());
  EXPECT_EQ(one->time_column(), "ts");
  EXPECT_EQ(one->parts(), 2u);
  EXPECT_EQ(one->name(one->PartOfTime(1764259199)), "train");
  EXPECT_EQ(one->name(one->PartOfTime(1764259200)), "test");
  EXPECT_EQ(one->training_part(), 0u);
  const auto two = Split::ParseTimes("ts:2025-11-27 16:00:00,2025-11-28");
  ASSERT_OK(two.status());
  EXPECT_EQ(two->name(two->PartOfTime(1764259199)), "train");
  EXPECT_EQ(two->name(two->PartOfTime(1764259200)), "validation");
  EXPECT_EQ(two->name(two->PartOfTime(1764288000)), "test");
}

TEST(Split, SaysWhatASplitByTimeExpects) {
  const auto error = [](const std::string& text) {
    return Split::ParseTimes(text).status().message();
  };
  for (const char* text : {"ts", "ts:", ":5", "ts:noon", "ts:1,", ""}) {
    EXPECT_EQ(error(text), StrCat("--split-by-time: found '", text,
                                  "', expected COLUMN:TIME like \"ts:1764259200\" or "
                                  "\"day:2025-11-27\""));
  }
  EXPECT_EQ(error("ts:5,5"), "--split-by-time: found '5', expected a time after the one before it");
  EXPECT_EQ(error("ts:1,2,3"),
            "--split-by-time: found 3 times, expected one (train, test) or two (train, validation, "
            "test)");
}

TEST(Split, SaysWhatItExpects) {
  const auto error = [](const std::string& text) { return Split::Parse(text).status().message(); };
  EXPECT_EQ(error("train:0.8,test:0.1"),
            "--split 'train:0.8,test:0.1': fractions sum to 0.9, expected 1");
  for (const char* part : {"train", "train:x", ":1", "../up:1", "a:0", "a:-1", "a:1:2", "a:nan"}) {
    EXPECT_EQ(error(part),
              StrCat("--split: found '", part,
                     "', expected NAME:FRACTION like \"train:0.8\" with letters, digits, "
                     "'-' and '_' in the name and a fraction in (0, 1]"));
  }
  EXPECT_EQ(error("a:0.5,a:0.5"), "--split: part 'a' stands there twice");
  EXPECT_EQ(error("folds:1"), "--split folds: found '1', expected a number in 2 .. 1000");
  EXPECT_EQ(error("folds:x"), "--split folds: found 'x', expected a number in 2 .. 1000");
}

}  // namespace
}  // namespace chorus::worker
