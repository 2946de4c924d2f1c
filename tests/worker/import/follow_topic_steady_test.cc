// Followed topics to which messages come while the import waits, and brokers that are slow: no
// import ends while something comes, and none waits for ever for what does not.

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

#include "tests/worker/import/follow_topic_testing.h"

namespace chorus::worker {
namespace {

// Log files that are not full in a test.
constexpr char kLargeFiles[] =
    "block_rows: 16 file_rows: 1000 slot { column: 'user' context: true } "
    "numeric { column: 'price' }";

class FollowTopicSteadyTest : public FollowTopicTest {
 protected:
  // A row comes each time that the import waits.
  void RowsCome(size_t partition, int milliseconds) {
    topic_.on_wait = [this, partition, milliseconds] {
      std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
      topic_.Add(partition, RowText(rows_++));
    };
  }
  // Stops after `seconds`, also where an import would never end.
  FollowOptions StoppingOptions(double seconds, const std::string& more) {
    FollowOptions options = OptionsOf(StrCat(kTopic, more));
    options.stop = [seconds, begin = Clock::now()] {
      return std::chrono::duration<double>(Clock::now() - begin).count() > seconds;
    };
    options.idle_seconds = 0;
    options.seal_seconds = 60;
    return options;
  }
  std::string ErrorWithin(double seconds, const std::string& more) {
    const auto summary = Follow(*files_, StoppingOptions(seconds, more));
    return summary.ok() ? StrCat("no error in ", seconds, " s") : summary.status().ToString();
  }
  static bool Has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  }

  using Clock = std::chrono::steady_clock;
  int rows_ = 0;
};

TEST_F(FollowTopicSteadyTest, MessagesThatComeOneByOneAreNoSilence) {
  topic_ = FakeTopic(1);
  topic_.tells_ends = false;
  RowsCome(0, 5);
  const auto summary = Follow(*files_, StoppingOptions(0.6, "&wait_seconds=0.3"), kLargeFiles);
  ASSERT_OK(summary.status());
  EXPECT_TRUE(summary->stopped);
  EXPECT_EQ(RowsIn(*files_), Once(0, rows_));
}

TEST_F(FollowTopicSteadyTest, APartitionWithoutALeaderIsAnErrorBesideOneThatHasOne) {
  topic_.partitions[1].has_leader = false;
  topic_.on_wait = [this] {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    for (int i = 0; i < 2; ++i) topic_.Add(0, RowText(rows_++));  // one for the next look, too
  };
  const std::string error = ErrorWithin(3, "&wait_seconds=0.3");
  EXPECT_TRUE(Has(error, "partition 1, offset 0: for 0.3 s nothing has come")) << error;
  EXPECT_TRUE(Has(error, "has it a leader?")) << error;
}

TEST_F(FollowTopicSteadyTest, WhyAPartitionGivesNothingIsSaid) {
  topic_.partitions[1].has_leader = false;
  topic_.partitions[1].trouble = "Fetch failed: Broker: Not leader for partition";
  const std::string error = ErrorWithin(3, "&wait_seconds=0.1");
  EXPECT_TRUE(Has(error, "not at its end: Fetch failed: Broker: Not leader for partition."))
      << error;
}

TEST_F(FollowTopicSteadyTest, MessagesThatComeWhileItWaitsAreNews) {
  RowsCome(0, 20);
  FollowOptions options = StoppingOptions(1.2, "");
  options.idle_seconds = 0.5;
  const auto summary = Follow(*files_, options, kLargeFiles);
  ASSERT_OK(summary.status());
  EXPECT_EQ(summary->files, 1u);
  EXPECT_EQ(RowsIn(*files_), Once(0, rows_));
}

TEST_F(FollowTopicSteadyTest, ASignalIsHeardBetweenMessagesWithoutText) {
  for (int i = 0; i < 500; ++i) topic_.Add(0, "");
  FollowOptions options = OptionsOf();
  int looks = 0;
  options.stop = [&] { return ++looks > 2; };
  const auto summary = Follow(*files_, options);
  ASSERT_OK(summary.status());
  EXPECT_TRUE(summary->stopped);
  EXPECT_GT(Position().partitions(0).next_offset(), 0u);
  EXPECT_LT(Position().partitions(0).next_offset(), 500u);
  ASSERT_OK(Follow(*files_, OptionsOf()).status());
  EXPECT_EQ(Position().partitions(0).next_offset(), 500u);
}

TEST_F(FollowTopicSteadyTest, ALossOfWhichNobodyTellsTheRangeIsAnErrorAfterAWhile) {
  AddRows(0, 30);
  ASSERT_OK(Follow(*files_, OptionsOf()).status());
  AddRows(30, 90);
  topic_.Forget(1, 15);
  topic_.answers_range = false;
  // Between two tries the brokers answer another question.
  topic_.on_wait = [] { std::this_thread::sleep_for(std::chrono::milliseconds(210)); };
  const std::string error = ErrorWithin(3, "&on_lost=skip&wait_seconds=0.5");
  EXPECT_TRUE(Has(error, "for 0.5 s no broker of host:9092 has answered: Connection refused"))
      << error;
}

TEST_F(FollowTopicSteadyTest, SlowBrokersGetMoreTimeForAnAnswer) {
  AddRows(0, 30);
  topic_.range_seconds = 1;
  ASSERT_OK(Follow(*files_, OptionsOf(StrCat(kTopic, "&wait_seconds=5"))).status());
  EXPECT_EQ(RowsIn(*files_), Once(0, 30));
}

TEST_F(FollowTopicSteadyTest, AnswersThatCameAreKeptWhereOneIsLate) {
  AddRows(0, 30);
  topic_.late_ranges = 2;
  ASSERT_OK(Follow(*files_, OptionsOf(StrCat(kTopic, "&wait_seconds=5"))).status());
  EXPECT_EQ(RowsIn(*files_), Once(0, 30));
}

TEST_F(FollowTopicSteadyTest, ATopicThatIsGoneIsToldApartFromBrokersThatDoNotAnswer) {
  AddRows(0, 30);
  ASSERT_OK(Follow(*files_, OptionsOf()).status());
  topic_.exists = false;
  const std::string error = ErrorWithin(3, "&wait_seconds=0.3");
  EXPECT_TRUE(Has(error, "for 0.3 s the brokers have had no such topic")) << error;
  EXPECT_FALSE(Has(error, "advertised.listeners")) << error;
  topic_.exists = true;
  AddRows(30, 33);
  ASSERT_OK(Follow(*files_, OptionsOf()).status());
  EXPECT_EQ(RowsIn(*files_), Once(0, 33));
}

}  // namespace
}  // namespace chorus::worker
