// What becomes of a followed topic whose brokers do not answer, delete messages, or have another
// one of its name: nothing is passed over silently.

#include <gtest/gtest.h>

#include <string>

#include "tests/worker/import/follow_topic_testing.h"

namespace chorus::worker {
namespace {

using FollowTopicTroubleTest = FollowTopicTest;

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_F(FollowTopicTroubleTest, BrokersThatDoNotAnswerAreAnErrorAfterAWhile) {
  topic_.answers = false;
  const std::string error = ErrorOf(OptionsOf(StrCat(kTopic, "&wait_seconds=0.3")));
  EXPECT_TRUE(Has(error,
                  "topic clicks: for 0.3 s no broker of host:9092 has answered: "
                  "Connection refused"))
      << error;
  EXPECT_TRUE(Has(error, "--kafka-config")) << error;
}

TEST_F(FollowTopicTroubleTest, APartitionWithoutALeaderIsAnErrorAfterAWhile) {
  AddRows(0, 30);
  topic_.partitions[1].has_leader = false;
  const std::string error = ErrorOf(OptionsOf(StrCat(kTopic, "&wait_seconds=0.3")));
  EXPECT_TRUE(Has(error, "topic clicks: partition 1, offset 0: for 0.3 s nothing has come"))
      << error;
  topic_.partitions[1].has_leader = true;
  ASSERT_OK(Follow(*files_, OptionsOf()).status());
  EXPECT_EQ(RowsIn(*files_), Once(0, 30));
}

TEST_F(FollowTopicTroubleTest, ASignalIsHeardWhileBrokersDoNotAnswer) {
  topic_.answers = false;
  FollowOptions options = OptionsOf();
  int looks = 0;
  options.stop = [&] { return ++looks > 3; };
  const auto summary = Follow(*files_, options);
  ASSERT_OK(summary.status());
  EXPECT_TRUE(summary->stopped);
}

TEST_F(FollowTopicTroubleTest, BrokersThatComeBackGoOn) {
  AddRows(0, 30);
  ASSERT_OK(Follow(*files_, OptionsOf()).status());
  topic_.answers = false;
  AddRows(30, 40);
  FollowOptions options = OptionsOf();
  int looks = 0;
  options.stop = [&] {
    if (++looks == 3) topic_.answers = true;
    return false;
  };
  ASSERT_OK(Follow(*files_, options).status());
  EXPECT_EQ(RowsIn(*files_), Once(0, 40));
}

TEST_F(FollowTopicTroubleTest, AnUnknownTopicIsAnErrorAtOnce) {
  topic_.exists = false;
  EXPECT_TRUE(Has(ErrorOf(OptionsOf()), "the brokers host:9092 have no topic clicks"));
}

TEST_F(FollowTopicTroubleTest, MessagesThatWereDeletedUnreadAreAnErrorOrCounted) {
  AddRows(0, 30);  // ten a partition
  ASSERT_OK(Follow(*files_, OptionsOf()).status());
  AddRows(30, 90);
  topic_.Forget(1, 15);
  const std::string error = ErrorOf(OptionsOf());
  EXPECT_TRUE(Has(error,
                  "topic clicks: partition 1, offset 10 comes next, and the partition has 15 "
                  "to 30: 5 offsets were deleted"))
      << error;
  EXPECT_TRUE(Has(error, "?on_lost=skip")) << error;
  ASSERT_OK(Follow(*files_, OptionsOf(StrCat(kTopic, "&on_lost=skip"))).status());
  std::map<int, int> rows = Once(0, 90);
  for (int offset = 10; offset < 15; ++offset) rows.erase(offset * 3 + 1);
  EXPECT_EQ(RowsIn(*files_), rows);
}

TEST_F(FollowTopicTroubleTest, MessagesThatWereDeletedOnceTheyWereReadAreNoLoss) {
  AddRows(0, 30);
  ASSERT_OK(Follow(*files_, OptionsOf()).status());
  for (size_t partition = 0; partition < 3; ++partition) topic_.Forget(partition, 10);
  AddRows(30, 60);
  ASSERT_OK(Follow(*files_, OptionsOf()).status());
  EXPECT_EQ(RowsIn(*files_), Once(0, 60));
}

TEST_F(FollowTopicTroubleTest, ATopicThatIsMadeAnewIsNotTheOneThatWasRead) {
  AddRows(0, 30);
  ASSERT_OK(Follow(*files_, OptionsOf()).status());
  topic_ = FakeTopic(3);
  AddRows(0, 6);
  const std::string shorter = ErrorOf(OptionsOf());
  EXPECT_TRUE(Has(shorter,
                  "offset 10 comes next, and the partition ends at 2: the topic was made "
                  "anew"))
      << shorter;
  topic_ = FakeTopic(3);
  AddRows(100, 160);
  const std::string longer = ErrorOf(OptionsOf());
  EXPECT_TRUE(Has(longer, "offset 9 is not the message that was read there")) << longer;
  topic_ = FakeTopic(2);
  EXPECT_TRUE(
      Has(ErrorOf(OptionsOf()), "was read up to offset 10, and the topic has 2 partitions"));
  EXPECT_EQ(RowsIn(*files_), Once(0, 30));
}

TEST_F(FollowTopicTroubleTest, ATopicKeepsItsPositionWhenItsBrokersMove) {
  AddRows(0, 30);
  ASSERT_OK(Follow(*files_, OptionsOf()).status());
  AddRows(30, 33);
  const std::string moved = "kafka://other:9092/clicks?columns=click,sale,user,price";
  ASSERT_OK(Follow(*files_, OptionsOf(moved)).status());
  EXPECT_EQ(RowsIn(*files_), Once(0, 33));
}

TEST_F(FollowTopicTroubleTest, TwoTopicsOfOneNameAreToldApartFromOneThatIsNamedTwice) {
  FollowOptions options = OptionsOf();
  options.import.inputs.push_back("kafka://other:9092/clicks?columns=click,sale,user,price");
  const std::string two = ErrorOf(options);
  EXPECT_TRUE(Has(two, "two topics are named clicks, of host:9092 and of other:9092")) << two;
  options.import.inputs[1] = kTopic;
  EXPECT_TRUE(Has(ErrorOf(options), "is named twice"));
}

TEST_F(FollowTopicTroubleTest, NamesOfColumnsThatWouldMakeAnotherHeaderAreRefused) {
  const std::string delimiter =
      ErrorOf(OptionsOf("kafka://host/clicks?columns=click,sale;user,price"),
              StrCat("delimiter: ';' ", kFollowed));
  EXPECT_TRUE(Has(delimiter, "the name 'sale;user' has the delimiter of ")) << delimiter;
  for (const char* const code : {"%22", "%0A", "%0d"}) {
    const std::string quote = ErrorOf(OptionsOf(StrCat(kTopic, ",more", code)));
    EXPECT_TRUE(Has(quote, "a quote or an end of a line")) << quote;
  }
}

TEST_F(FollowTopicTroubleTest, AnImportThatDoesNotFollowReadsNoTopic) {
  ImportOptions options;
  options.inputs = {kTopic};
  options.output = "plain";
  const Status status = ImportText(*files_, MakeSchema(kFollowed), options).status();
  EXPECT_TRUE(Has(status.message(), "chorus import --follow")) << status.ToString();
}

}  // namespace
}  // namespace chorus::worker
