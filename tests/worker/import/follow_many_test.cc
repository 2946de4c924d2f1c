// `chorus import --follow` of several inputs at once, and with a split: each row is in one log file,
// once, wherever the import is killed.

#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "tests/worker/import/follow_testing.h"
#include "worker/import/follow_position.h"

namespace chorus::worker {
namespace {

class FollowManyTest : public FollowImportTest {
 protected:
  static FollowOptions Three() {
    FollowOptions options = Options("one.csv");
    options.import.inputs = {"one.csv", "days", "two.csv"};
    return options;
  }
  static FollowOptions WithSplitOf(const std::string& text, const std::string& by = "") {
    FollowOptions options = Options();
    options.import.split = Split::Parse(text).value();
    options.import.split_by = by;
    return options;
  }
  // The prices of a log's rows, which tell the rows of Table apart.
  static std::vector<int> Prices(FileSystem& files, const std::string& log) {
    std::vector<int> prices;
    LogSchema schema;
    for (const Batch& block : ReadLog(files, log, &schema)) {
      const NumericInfo& price = schema.numerics[0];
      for (const float x : block.exposures.numerics[0]) {
        prices.push_back(
            static_cast<int>(std::lround(static_cast<double>(x) * price.stddev + price.mean)));
      }
    }
    return prices;
  }
  static void ExpectEachOnce(std::vector<int> prices, int rows) {
    std::sort(prices.begin(), prices.end());
    std::vector<int> all(static_cast<size_t>(rows));
    for (int i = 0; i < rows; ++i) all[static_cast<size_t>(i)] = i;
    EXPECT_EQ(prices, all);
  }
};

TEST_F(FollowManyTest, InputsGrowSideBySideAndKeepTheirPlaces) {
  Put("one.csv", Table(10));
  Put("days/a.csv", Table(10, 10));
  Put("two.csv", Table(10, 20));
  ASSERT_OK(Follow(*files_, Three()).status());
  ExpectEachOnce(Prices(*files_, "out"), 30);
  Put("two.csv", Table(20, 20));
  Put("days/b.csv", Table(10, 40));
  const auto summary = Follow(*files_, Three());
  ASSERT_OK(summary.status());
  EXPECT_EQ(summary->rows.read, 20u);
  EXPECT_EQ(summary->all_rows, 50u);
  ExpectEachOnce(Prices(*files_, "out"), 50);
  const auto position = ReadFollowPosition(*files_, "out");
  ASSERT_OK(position.status());
  ASSERT_EQ(position->sources_size(), 3);
  EXPECT_EQ(position->sources(0).offset(), Table(10).size());
  EXPECT_EQ(position->sources(1).done_size(), 2);
  EXPECT_EQ(position->sources(2).offset(), Table(20, 20).size());
}

TEST_F(FollowManyTest, AnInputMayJoinAndNoneMayLeave) {
  Put("in.csv", Table(10));
  ASSERT_OK(Follow(*files_).status());
  Put("more.csv", Table(5, 10));
  FollowOptions options = Options();
  options.import.inputs = {"more.csv", "in.csv"};
  ASSERT_OK(Follow(*files_, options).status());
  ExpectRows(*files_, 15);
  EXPECT_NE(ErrorOf(Options("more.csv")).find("out follows in.csv, not more.csv"),
            std::string::npos);
}

// The others are looked at as seldom as before, and what comes in them is read.
TEST_F(FollowManyTest, TheEndOfStandardInputIsWaitedForOnce) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const std::string text = Table(10);
  ASSERT_EQ(write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  close(ends[1]);
  Put("in.csv", Table(0));
  FollowOptions options = Options();
  options.import.inputs = {"-", "in.csv"};
  options.import.standard_input = ends[0];
  options.idle_seconds = 0.5;
  options.seal_seconds = 0.1;
  int looks = 0;
  options.stop = [&] {
    if (++looks == 2) Put("in.csv", Table(10, 10));
    return false;
  };
  const auto summary = Follow(*files_, options);
  close(ends[0]);
  ASSERT_OK(summary.status());
  ExpectEachOnce(Prices(*files_, "out"), 20);
  EXPECT_LT(looks, 100);  // each waits for a tenth of idle_seconds
}

TEST_F(FollowManyTest, ABadRowNamesTheInputThatHasIt) {
  Put("one.csv", Table(10));
  Put("days/a.csv", Table(2, 10));
  Put("two.csv", Table(3, 12) + "7,0,u1,5\n");
  EXPECT_NE(ErrorOf(Three()).find("two.csv:5"), std::string::npos);
}

TEST_F(FollowManyTest, AKillAtAnyChangeLosesAndDoublesNoRowOfAnyInput) {
  for (int64_t changes = 0, kills = 1; kills > 0; ++changes) {
    ASSERT_LT(changes, 1000);
    files_ = NewMemoryFiles();
    Put("one.csv", Table(50).substr(0, 300));
    Put("days/a.csv", Table(10, 50));
    Put("two.csv", Table(10, 60));
    KilledFiles killed(*files_, changes);
    kills = Follow(killed, Three()).ok() ? 0 : 1;
    Put("one.csv", Table(50));
    Put("days/b.csv", Table(10, 70));
    Put("two.csv", Table(10, 60) + Table(10, 80).substr(Table(0).size()));
    ASSERT_OK(Follow(*files_, Three()).status());
    ExpectEachOnce(Prices(*files_, "out"), 90);
  }
}

// The parts of one import of the whole text.
TEST_F(FollowManyTest, ASplitDealsRowsAsAnImportOfAllDoes) {
  const std::string kByUser = "user";
  for (const std::string& by : {std::string(), kByUser}) {
    files_ = NewMemoryFiles();
    Put("in.csv", Table(50));
    ASSERT_OK(Follow(*files_, WithSplitOf("train:0.6,test:0.4", by)).status());
    Put("in.csv", Table(150));
    ASSERT_OK(Follow(*files_, WithSplitOf("train:0.6,test:0.4", by)).status());
    ImportOptions whole = WithSplitOf("train:0.6,test:0.4", by).import;
    whole.output = "whole";
    ASSERT_OK(ImportText(*files_, MakeSchema(kFollowed), whole).status());
    for (const char* part : {"train", "test"}) {
      EXPECT_EQ(RowIds(*files_, JoinPath("out", part)), RowIds(*files_, JoinPath("whole", part)));
      EXPECT_GT(RowIds(*files_, JoinPath("out", part)).size(), 20u);
    }
  }
}

TEST_F(FollowManyTest, AKillAtAnyChangeLosesAndDoublesNoRowOfASplit) {
  const FollowOptions options = WithSplitOf("train:0.7,test:0.3");
  for (int64_t changes = 0, kills = 1; kills > 0; ++changes) {
    ASSERT_LT(changes, 1000);
    files_ = NewMemoryFiles();
    Put("in.csv", Table(60));  // two portions
    KilledFiles killed(*files_, changes);
    kills = Follow(killed, options).ok() ? 0 : 1;
    Put("in.csv", Table(90));
    ASSERT_OK(Follow(*files_, options).status());
    std::vector<int> prices = Prices(*files_, "out/train");
    const std::vector<int> test = Prices(*files_, "out/test");
    EXPECT_GT(test.size(), 10u);
    prices.insert(prices.end(), test.begin(), test.end());
    ExpectEachOnce(std::move(prices), 90);
  }
}

TEST_F(FollowManyTest, APortionMayHaveNoRowOfAPart) {
  Put("in.csv", Table(1));
  const FollowOptions options = WithSplitOf("train:0.5,test:0.5");
  ASSERT_OK(Follow(*files_, options).status());
  Put("in.csv", Table(40));
  ASSERT_OK(Follow(*files_, options).status());
  EXPECT_EQ(RowIds(*files_, "out/train").size() + RowIds(*files_, "out/test").size(), 40u);
}

TEST_F(FollowManyTest, ASplitStaysWhatItIs) {
  Put("in.csv", Table(40));
  ASSERT_OK(Follow(*files_, WithSplitOf("train:0.5,test:0.5")).status());
  EXPECT_NE(ErrorOf(WithSplitOf("train:0.6,test:0.4")).find("the split of out is train:0.5"),
            std::string::npos);
  EXPECT_NE(ErrorOf(Options()).find("not none"), std::string::npos);
}

TEST_F(FollowManyTest, APositionOfTheVersionBeforeGoesOn) {
  Put("in.csv", Table(10));
  ASSERT_OK(Follow(*files_).status());
  auto position = ReadFollowPosition(*files_, "out");
  ASSERT_OK(position.status());
  const FollowedSource source = position->sources(0);
  position->clear_sources();
  position->set_version(1);
  position->set_input("in.csv");
  position->set_offset(source.offset());
  position->set_lines(source.lines());
  position->set_head_bytes(source.head_bytes());
  position->set_head_checksum(source.head_checksum());
  ASSERT_OK(WriteFollowPosition(*files_, "out", *position));
  Put("in.csv", Table(25));
  ASSERT_OK(Follow(*files_).status());
  ExpectRows(*files_, 25);
}

}  // namespace
}  // namespace chorus::worker
