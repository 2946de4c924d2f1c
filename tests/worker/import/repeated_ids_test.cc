// Rows whose id a row before them has are counted, and an import says where the first one is.

#include "worker/import/repeated_ids.h"

#include <gmock/gmock.h>

#include "tests/worker/import/import_log_testing.h"

namespace chorus::worker {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(RepeatedIdsTest, CountsEveryRowBeyondTheFirstOfItsId) {
  RepeatedIds ids;
  for (uint64_t round = 0; round < 3; ++round) {
    for (uint64_t id = 0; id < 5000; ++id) EXPECT_EQ(ids.Add(id * id), round > 0) << id;
  }
  EXPECT_EQ(ids.Counted().rows, 10000u);
  EXPECT_EQ(ids.Counted().Have(), "10000 rows have");
}

TEST(RepeatedIdsTest, BeyondItsMemoryItCountsForAShareOfTheIds) {
  RepeatedIds ids(1 << 12);
  for (uint64_t id = 0; id < 80000; ++id) {
    ids.Add(id);
    if (id % 10 == 0) ids.Add(id);
  }
  const RepeatedRows counted = ids.Counted();
  EXPECT_EQ(counted.halvings, 5u);
  EXPECT_NEAR(static_cast<double>(counted.rows), 8000, 1600);
  EXPECT_THAT(counted.Count(), HasSubstr("(counted for one id in 32)"));
}

using RepeatedRowIdsTest = ImportTest;

TEST_F(RepeatedRowIdsTest, AnImportNamesTheFirstOneAndGoesOn) {
  Write("id,click,sale,item\n7,0,0,a\n8,1,0,b\n\n7,0,0,c\n8,1,1,a\n9,0,0,b\n");
  const auto summary = Import(R"(row_id: "id" other_columns_are_slots: true)");
  ASSERT_OK(summary.status());
  EXPECT_EQ(summary->repeated_ids.rows, 2u);
  EXPECT_EQ(summary->parts[0].rows, 5u);
  EXPECT_THAT(FormatSummary(*summary),
              HasSubstr("repeated row ids      2 rows, the first at in.csv:5"));
}

TEST_F(RepeatedRowIdsTest, TextsCountTooAndNumberedRowsNever) {
  Write("id,click,sale,item\nx,0,0,a\nx,1,0,b\ny,0,0,c\n");
  const auto texts = Import(R"(row_id: "id" row_id_text: true slot { column: "item" })");
  ASSERT_OK(texts.status());
  EXPECT_EQ(texts->repeated_ids.rows, 1u);
  ASSERT_OK(files_->RemoveRecursively("out"));
  const auto numbered = Import(kPlain);
  ASSERT_OK(numbered.status());
  EXPECT_THAT(FormatSummary(*numbered), Not(HasSubstr("repeated")));
}

}  // namespace
}  // namespace chorus::worker
