// A model that is judged by what it was trained on is told so.

#include "worker/steps/shared_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/worker/log/log_testing.h"

namespace chorus::worker {
namespace {

using ::testing::HasSubstr;

class SharedRowsTest : public ::testing::Test {
 protected:
  // `blocks` of 50 rows with ids from first_id on, whose features follow from the id and the seed.
  void WriteRows(const std::string& path, uint64_t first_id, uint32_t blocks,
                 const std::string& row_id = "id", uint64_t seed = 7) {
    LogSchema schema = testing::PlainSchema();
    ImportSchema text;
    text.set_row_id(row_id);
    schema.text = text.SerializeAsString();
    std::vector<Batch> batches;
    for (uint32_t i = 0; i < blocks; ++i) {
      batches.push_back(testing::MakeBatch(schema, 50, 1, first_id + 50 * i, seed));
    }
    testing::WriteLog(*files_, path, schema, batches);
  }
  std::string Doubt(const std::string& training, const std::string& evaluation) {
    TrainConfig config;
    config.mutable_data()->add_log(training);
    config.mutable_evaluate()->add_log(evaluation);
    return DoubtOfSharedRows(*files_, config);
  }
  std::unique_ptr<FileSystem> files_ = NewMemoryFiles();
};

TEST_F(SharedRowsTest, LogsApartRaiseNone) {
  WriteRows("train.log", 0, 20);
  WriteRows("test.log", 1000, 5);
  EXPECT_EQ(Doubt("train.log", "test.log"), "");
  EXPECT_EQ(Doubt("train.log", "gone.log"), "");
}

TEST_F(SharedRowsTest, OneLogUnderOneNameOrTwoIsNamed) {
  WriteRows("train.log", 0, 20);
  EXPECT_THAT(Doubt("train.log", "train.log"), HasSubstr("evaluate.log train.log is in data.log"));
  ASSERT_TRUE(ReplaceFile(*files_, "copy.log", *ReadWholeFile(*files_, "train.log")).ok());
  EXPECT_THAT(Doubt("train.log", "copy.log"),
              HasSubstr("evaluate.log copy.log holds the same exposures as train.log of data.log"));
  EXPECT_THAT(Doubt("train.log", "copy.log"), HasSubstr("import --split"));
}

// Written otherwise, as a merge or another import does.
TEST_F(SharedRowsTest, RowsThatAreInBothAreFoundByTheirIds) {
  WriteRows("train.log", 0, 60);
  WriteRows("test.log", 2500, 20);
  EXPECT_THAT(Doubt("train.log", "test.log"),
              HasSubstr("test.log shares about 50 % of its exposures with data.log train.log"));
  // In a log of more blocks than are looked at, too.
  WriteRows("long.log", 0, 500);
  EXPECT_THAT(Doubt("long.log", "test.log"), HasSubstr("shares about"));
}

TEST_F(SharedRowsTest, NumbersThatImportsGaveSayNothing) {
  WriteRows("train.log", 0, 20, "");
  WriteRows("test.log", 0, 5, "");
  EXPECT_EQ(Doubt("train.log", "test.log"), "");
}

// Files whose rows their source numbers from 0 again: other rows by their features.
TEST_F(SharedRowsTest, IdsThatBeginAgainAreNoSharedRows) {
  WriteRows("train.log", 0, 20);
  WriteRows("test.log", 0, 5, "id", 8);
  EXPECT_EQ(Doubt("train.log", "test.log"), "");
  WriteRows("part.log", 0, 5);
  EXPECT_THAT(Doubt("train.log", "part.log"), HasSubstr("shares about 100 %"));
}

TEST_F(SharedRowsTest, FilesWithoutRowsHaveNothingToShare) {
  WriteRows("train.log", 0, 0);
  WriteRows("test.log", 0, 0);
  EXPECT_EQ(Doubt("train.log", "test.log"), "");
}

}  // namespace
}  // namespace chorus::worker
