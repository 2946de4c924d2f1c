// `chorus import --follow kafka://...` through librdkafka, from its mock cluster. Skipped where
// Chorus is built without it.

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/worker/import/follow_topic_testing.h"
#include "tests/worker/import/mock_cluster.h"
#include "worker/messages/kafka_reader.h"

namespace chorus::worker {
namespace {

class FollowKafkaTest : public FollowTopicTest {
 protected:
  void SetUp() override {
    cluster_ = MockCluster::New("clicks", 3);
    if (cluster_ == nullptr) GTEST_SKIP() << "this test was built without librdkafka";
    PutConfig();
  }
  void PutConfig() { Put("kafka.conf", "fetch.wait.max.ms=10\nfetch.error.backoff.ms=10\n"); }
  FollowOptions KafkaOptions(const std::string& more = "") {
    FollowOptions options = Options(
        StrCat("kafka://", cluster_->brokers(), "/clicks?columns=click,sale,user,price", more));
    options.kafka_config = "kafka.conf";
    return options;
  }
  void Produce(int first, int end) {
    for (int i = first; i < end; ++i) ASSERT_TRUE(cluster_->Produce(i % 3, RowText(i)));
  }
  std::unique_ptr<MockCluster> cluster_;
};

TEST_F(FollowKafkaTest, AnImportGoesOnAtItsOwnOffsets) {
  Produce(0, 50);
  ASSERT_OK(Follow(*files_, KafkaOptions()).status());
  EXPECT_EQ(RowsIn(*files_), Once(0, 50));
  Produce(50, 53);
  ASSERT_OK(Follow(*files_, KafkaOptions()).status());
  EXPECT_EQ(RowsIn(*files_), Once(0, 53));
  EXPECT_EQ(Position().partitions(2).next_offset(), 17u);
}

TEST_F(FollowKafkaTest, AKillLosesAndDoublesNoRow) {
  Produce(0, 60);
  int rows = 60;
  for (const int64_t changes : {9, 20}) {
    files_ = NewMemoryFiles();
    PutConfig();
    KilledFiles killed(*files_, changes);
    EXPECT_FALSE(Follow(killed, KafkaOptions()).ok());
    Produce(rows, rows + 5);
    rows += 5;
    ASSERT_OK(Follow(*files_, KafkaOptions()).status());
    ASSERT_EQ(RowsIn(*files_), Once(0, rows)) << changes;
  }
}

TEST_F(FollowKafkaTest, LatestBeginsBehindWhatIsThere) {
  Produce(0, 9);
  ASSERT_OK(Follow(*files_, KafkaOptions("&start=latest")).status());
  Produce(9, 20);
  ASSERT_OK(Follow(*files_, KafkaOptions("&start=latest")).status());
  EXPECT_EQ(RowsIn(*files_), Once(9, 20));
}

TEST_F(FollowKafkaTest, MessagesThatTheBrokerDeletedAreAnErrorOrPassedOver) {
  ASSERT_TRUE(cluster_->Produce(0, RowText(0)));
  ASSERT_OK(Follow(*files_, KafkaOptions()).status());
  const std::string long_id(500000, 'x');
  for (int i = 1; i < 16; ++i) {  // over 5 MB
    ASSERT_TRUE(cluster_->Produce(0, StrCat("0,0,", long_id, ",", i)));
  }
  const std::string error = ErrorOf(KafkaOptions());
  EXPECT_NE(error.find("topic clicks: partition 0, offset 1 comes next, and the partition has "),
            std::string::npos)
      << error;
  ASSERT_OK(Follow(*files_, KafkaOptions("&on_lost=skip")).status());
  const std::map<int, int> rows = RowsIn(*files_);
  EXPECT_EQ(rows.count(0), 1u);
  EXPECT_EQ(rows.count(1), 0u);
  EXPECT_EQ(rows.count(15), 1u);
}

TEST_F(FollowKafkaTest, AnotherTopicOfTheNameIsNotTheOneThatWasRead) {
  Produce(0, 30);
  ASSERT_OK(Follow(*files_, KafkaOptions()).status());
  cluster_ = MockCluster::New("clicks", 3);
  Produce(0, 6);
  const std::string shorter = ErrorOf(KafkaOptions());
  EXPECT_NE(shorter.find("offset 10 comes next, and the partition ends at 2"), std::string::npos)
      << shorter;
  Produce(6, 60);
  const std::string longer = ErrorOf(KafkaOptions());
  EXPECT_NE(longer.find("offset 9 is not the message that was read there"), std::string::npos)
      << longer;
  EXPECT_EQ(RowsIn(*files_), Once(0, 30));
}

TEST_F(FollowKafkaTest, ABrokerThatIsGoneIsAnErrorAfterAWhile) {
  Produce(0, 3);
  cluster_->Stop();
  const std::string error = ErrorOf(KafkaOptions("&wait_seconds=0.7"));
  EXPECT_NE(error.find("for 0.7 s no broker of 127.0.0.1:"), std::string::npos) << error;
}

TEST_F(FollowKafkaTest, APartitionThatLosesItsLeaderAtItsEndIsAnErrorAfterAWhile) {
  Produce(0, 9);
  FollowOptions options = KafkaOptions("&wait_seconds=0.4");
  options.idle_seconds = 20;  // an import that hears nothing of it ends without an error
  options.seal_seconds = 0.1;
  options.stop = [&] {
    if (files_->Exists("out/part-0000000000.log")) cluster_->TakeLeader(1);
    return false;
  };
  const std::string error = ErrorOf(options);
  EXPECT_NE(error.find("partition 1: Broker: Leader not available"), std::string::npos) << error;
}

TEST_F(FollowKafkaTest, AnUnknownTopicIsAnErrorAtOnce) {
  cluster_->Forget();
  const std::string error = ErrorOf(KafkaOptions());
  EXPECT_NE(error.find("have no topic clicks"), std::string::npos) << error;
}

TEST_F(FollowKafkaTest, AWrongSettingIsToldByItsLineWithoutItsValue) {
  Put("kafka.conf", "# ours\nsasl.passwort=hunter2\n");
  const std::string unknown = ErrorOf(KafkaOptions());
  EXPECT_NE(unknown.find("kafka.conf:2: "), std::string::npos) << unknown;
  EXPECT_NE(unknown.find("sasl.passwort"), std::string::npos) << unknown;
  EXPECT_EQ(unknown.find("hunter2"), std::string::npos) << unknown;
  Put("kafka.conf", "security.protocol=hunter2\n");
  const std::string invalid = ErrorOf(KafkaOptions());
  EXPECT_NE(invalid.find("kafka.conf:1: "), std::string::npos) << invalid;
  EXPECT_EQ(invalid.find("hunter2"), std::string::npos) << invalid;
}

}  // namespace
}  // namespace chorus::worker
