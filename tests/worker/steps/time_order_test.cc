// A model that is judged by exposures from before its training is told so.
#include "worker/steps/time_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/worker/log/log_testing.h"

namespace chorus::worker {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class TimeOrderTest : public ::testing::Test {
 protected:
  // `blocks` of 50 rows, each `apart` after the one before it.
  void WriteTimes(const std::string& path, int64_t from, int64_t apart, uint32_t blocks = 40,
                  const std::string& column = "ts", bool has_time = true) {
    LogSchema schema = testing::PlainSchema();
    schema.has_time = has_time;
    ImportSchema text;
    text.set_time(column);
    schema.text = text.SerializeAsString();
    std::vector<Batch> batches;
    for (uint32_t i = 0; i < blocks; ++i) {
      batches.push_back(testing::MakeBatch(schema, 50, 1, 50 * i, 7));
      for (size_t row = 0; row < batches.back().time.size(); ++row) {
        batches.back().time[row] = from + apart * static_cast<int64_t>(50 * i + row);
      }
    }
    testing::WriteLog(*files_, path, schema, batches);
  }
  std::string Doubt(const std::string& training, const std::string& evaluation) {
    TrainConfig config;
    config.mutable_data()->add_log(training);
    config.mutable_evaluate()->add_log(evaluation);
    return DoubtOfTimeOrder(*files_, config);
  }
  std::unique_ptr<FileSystem> files_ = NewMemoryFiles();
};

TEST_F(TimeOrderTest, AnEvaluationFromBeforeTheTrainingIsNamed) {
  WriteTimes("late.log", 1764201600, 10);
  WriteTimes("early.log", 1764101600, 10);
  EXPECT_EQ(Doubt("early.log", "late.log"), "");
  EXPECT_THAT(Doubt("late.log", "early.log"),
              AllOf(HasSubstr("evaluate.log early.log is earlier than data.log late.log"),
                    HasSubstr(" on (time is column \"ts\")"), HasSubstr("import --split-by-time")));
  // The reader of a text of dates has no seconds to compare.
  EXPECT_THAT(Doubt("late.log", "early.log"),
              HasSubstr("from 1764202000 (2025-11-27 00:06:40 UTC, if these are seconds) on"));
  // A few early exposures of the training change nothing.
  WriteTimes("mixed.log", 1764061600, 85);
  EXPECT_EQ(Doubt("mixed.log", "early.log"), "");
}

TEST_F(TimeOrderTest, LogsThatAreOpenAreNotOpenedAgain) {
  WriteTimes("late.log", 1764201600, 10);
  WriteTimes("early.log", 1764101600, 10);
  const auto late = LogReader::Open(*files_, {"late.log"});
  const auto early = LogReader::Open(*files_, {"early.log"});
  ASSERT_TRUE(late.ok() && early.ok());
  const auto none = NewMemoryFiles();
  EXPECT_THAT(DoubtOfTimeOrder(*none, TrainConfig(), {late->get(), early->get()}),
              HasSubstr("evaluate.log early.log is earlier than data.log late.log"));
  EXPECT_EQ(DoubtOfTimeOrder(*none, TrainConfig(), {late->get(), nullptr}), "");
}

TEST_F(TimeOrderTest, WhatIsNoTimeInSecondsIsShownAsItIs) {
  WriteTimes("late.log", 20000, 10);
  WriteTimes("early.log", 1000, 1);
  EXPECT_THAT(Doubt("late.log", "early.log"),
              AllOf(HasSubstr("from before 2001 and nearly all of the training's from 20400 on"),
                    ::testing::Not(HasSubstr("UTC"))));
}

TEST_F(TimeOrderTest, PartsOfOneTimeRaiseNone) {
  WriteTimes("train.log", 1764201600, 10);
  WriteTimes("test.log", 1764201603, 10, 10);
  EXPECT_EQ(Doubt("train.log", "test.log"), "");
}

TEST_F(TimeOrderTest, WhatCannotBeComparedRaisesNone) {
  WriteTimes("late.log", 1764201600, 10);
  WriteTimes("millis.log", 1764201600000, 10);
  WriteTimes("other.log", 1764101600, 10, 40, "day");
  WriteTimes("none.log", 0, 1, 40, "", false);
  WriteTimes("empty.log", 0, 1, 0);
  EXPECT_EQ(Doubt("millis.log", "late.log"), "");
  EXPECT_EQ(Doubt("late.log", "other.log"), "");
  EXPECT_EQ(Doubt("late.log", "none.log"), "");
  EXPECT_EQ(Doubt("late.log", "empty.log"), "");
  EXPECT_EQ(Doubt("late.log", "gone.log"), "");
}

}  // namespace
}  // namespace chorus::worker
