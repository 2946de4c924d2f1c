// `chorus import --follow kafka://...`: each message of all partitions is in one log file, once,
// wherever the import is killed.

#include <gtest/gtest.h>

#include <string>

#include "tests/worker/import/follow_topic_testing.h"
#include "tests/worker/import/tfrecord_testing.h"

namespace chorus::worker {
namespace {

TEST_F(FollowTopicTest, RowsOfAllPartitionsComeOnceWheneverTheImportRuns) {
  int rows = 0;
  for (const int end : {0, 1, 100, 101, 150}) {
    AddRows(rows, end);
    rows = end;
    ASSERT_OK(Follow(*files_, OptionsOf()).status());
  }
  EXPECT_EQ(RowsIn(*files_), Once(0, 150));
  const FollowedSource position = Position();
  EXPECT_EQ(position.name(), "kafka:///clicks");
  ASSERT_EQ(position.partitions_size(), 3);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(position.partitions(i).number(), static_cast<uint32_t>(i));
    EXPECT_EQ(position.partitions(i).next_offset(), 50u);
  }
}

TEST_F(FollowTopicTest, AKillAtAnyChangeLosesAndDoublesNoRow) {
  int kills = 0;
  for (int64_t changes = 0; changes == kills; ++changes) {
    ASSERT_LT(changes, 1000);
    files_ = NewMemoryFiles();
    topic_ = FakeTopic(3);
    AddRows(0, 90);  // three log files
    KilledFiles killed(*files_, changes);
    if (!Follow(killed, OptionsOf()).ok()) ++kills;
    AddRows(90, 100);
    ASSERT_OK(Follow(*files_, OptionsOf()).status());
    ASSERT_EQ(RowsIn(*files_), Once(0, 100)) << changes;
  }
  EXPECT_GT(kills, 20);
}

TEST_F(FollowTopicTest, LatestBeginsBehindWhatIsThereAlsoAfterAKill) {
  const std::string latest = StrCat(kTopic, "&start=latest");
  AddRows(0, 30);
  ASSERT_OK(Follow(*files_, OptionsOf(latest)).status());
  AddRows(30, 60);
  ASSERT_OK(Follow(*files_, OptionsOf(latest)).status());
  EXPECT_EQ(RowsIn(*files_), Once(30, 60));
}

TEST_F(FollowTopicTest, NamedPartitionsAreReadAlone) {
  AddRows(0, 30);
  ASSERT_OK(Follow(*files_, OptionsOf(StrCat(kTopic, "&partitions=2,0"))).status());
  std::map<int, int> rows = Once(0, 30);
  for (int i = 1; i < 30; i += 3) rows.erase(i);
  EXPECT_EQ(RowsIn(*files_), rows);
  ASSERT_OK(Follow(*files_, OptionsOf()).status());  // and the others later
  EXPECT_EQ(RowsIn(*files_), Once(0, 30));
  EXPECT_NE(
      ErrorOf(OptionsOf(StrCat(kTopic, "&partitions=7"))).find("names 7, and the topic has 3"),
      std::string::npos);
}

TEST_F(FollowTopicTest, APartitionThatIsAddedIsReadFromItsBegin) {
  const std::string latest = StrCat(kTopic, "&start=latest");
  AddRows(0, 30);
  ASSERT_OK(Follow(*files_, OptionsOf(latest)).status());
  topic_.partitions.resize(4);
  topic_.Add(3, RowText(30));
  topic_.Add(3, RowText(31));
  ASSERT_OK(Follow(*files_, OptionsOf(latest)).status());
  EXPECT_EQ(RowsIn(*files_), Once(30, 32));
}

TEST_F(FollowTopicTest, ABadRowIsToldByPartitionAndOffset) {
  AddRows(0, 7);
  topic_.Add(1, "1,0,u9");
  AddRows(7, 9);
  const std::string error = ErrorOf(OptionsOf());
  EXPECT_NE(error.find("topic clicks, partition 1, offset 2: found 3 cells, expected 4"),
            std::string::npos)
      << error;
  FollowOptions options = OptionsOf();
  options.import.max_bad_rows = 1;
  const auto summary = Follow(*files_, options);
  ASSERT_OK(summary.status());
  EXPECT_EQ(summary->rows.bad, 1u);
  EXPECT_EQ(RowsIn(*files_), Once(0, 9));
}

TEST_F(FollowTopicTest, MessagesOfSeveralLinesAreSoManyRowsAndThoseWithoutTextAreNone) {
  topic_.Add(0, StrCat(RowText(0), "\n", RowText(1), "\r\n"));
  topic_.Add(0, "");
  topic_.Add(0, StrCat(RowText(2), "\n", "bad"));
  topic_.Add(2, "\n");
  const std::string error = ErrorOf(OptionsOf());
  EXPECT_NE(error.find("topic clicks, partition 0, offset 2: "), std::string::npos) << error;
  FollowOptions options = OptionsOf();
  options.import.max_bad_rows = 1;
  ASSERT_OK(Follow(*files_, options).status());
  EXPECT_EQ(RowsIn(*files_), Once(0, 3));
  EXPECT_EQ(Position().partitions(2).next_offset(), 1u);
}

TEST_F(FollowTopicTest, MessagesWithoutTextMoveThePositionAlone) {
  topic_.Add(1, "");
  topic_.Add(1, "");
  ASSERT_OK(Follow(*files_, OptionsOf()).status());
  EXPECT_EQ(Position().partitions(1).next_offset(), 2u);
  EXPECT_FALSE(files_->Exists("out/part-0000000000.log"));
}

TEST_F(FollowTopicTest, BytesThatLookPackedAreABadRowAndNoMore) {
  topic_.Add(0, "\x1f\x8b\x08 no gzip");
  AddRows(0, 9);
  FollowOptions options = OptionsOf();
  options.import.max_bad_rows = 1;
  ASSERT_OK(Follow(*files_, options).status());
  EXPECT_EQ(RowsIn(*files_), Once(0, 9));
}

TEST_F(FollowTopicTest, HeadersAreOfMessagesNoPart) {
  const std::string without = "kafka://host:9092/clicks";
  EXPECT_NE(ErrorOf(OptionsOf(without)).find("?columns=user,item,click"), std::string::npos);
  const std::string numbered =
      "click: '0' conversion: '1' header: false "
      "slot { column: '2' } numeric { column: '3' }";
  EXPECT_NE(ErrorOf(OptionsOf(), numbered).find("leave one of both out"), std::string::npos);
  AddRows(0, 20);
  ASSERT_OK(Follow(*files_, OptionsOf(without), numbered).status());
  EXPECT_EQ(RowsIn(*files_), Once(0, 20));
}

TEST_F(FollowTopicTest, MessagesMayBeExamples) {
  const std::string schema = StrCat("format: TFRECORD ", kFollowed);
  for (int i = 0; i < 30; ++i) {
    topic_.Add(static_cast<size_t>(i) % 3,
               tfrecord::Example({{"click", tfrecord::Integers({i % 3 == 0 ? 1 : 0})},
                                  {"sale", tfrecord::Integers({0})},
                                  {"user", tfrecord::Bytes({"u"})},
                                  {"price", tfrecord::Floats({static_cast<float>(i)})}}));
  }
  topic_.Add(2, "no example");
  const std::string without = "kafka://host:9092/clicks";
  const std::string error = ErrorOf(OptionsOf(without), schema);
  EXPECT_NE(error.find("topic clicks, partition 2, offset 10: "), std::string::npos) << error;
  FollowOptions options = OptionsOf(without);
  options.import.max_bad_rows = 1;
  ASSERT_OK(Follow(*files_, options, schema).status());
  EXPECT_EQ(RowsIn(*files_), Once(0, 30));
}

TEST_F(FollowTopicTest, ATopicAndAFileAreFollowedTogether) {
  AddRows(0, 60);
  Put("in.csv", Table(40, 60));
  FollowOptions options = OptionsOf();
  options.import.inputs.push_back("in.csv");
  ASSERT_OK(Follow(*files_, options).status());
  EXPECT_EQ(RowsIn(*files_), Once(0, 100));
}

}  // namespace
}  // namespace chorus::worker
