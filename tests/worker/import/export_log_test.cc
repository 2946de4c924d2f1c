// A log that became text and a log again holds the same rows.
#include "worker/import/export_log.h"

#include "common/key.h"
#include "tests/worker/import/export_log_testing.h"
#include "tests/worker/import/tfrecord_testing.h"
#include "worker/import/key_id.h"

namespace chorus::worker {
namespace {

using testing::TestDraw;

TEST(KeyIdTest, EveryKeyGivesItsId) {
  const uint64_t seed = SpaceSeed("item");
  for (uint64_t i = 0; i < 1000; ++i) {
    const uint64_t id = i < 64 ? uint64_t{1} << i : TestDraw(1, i, 2);
    for (const uint64_t value : {id, ~id, i, uint64_t{0} - i}) {
      EXPECT_EQ(Mix(Unmix(value)), value);
      EXPECT_EQ(IdOfKey(seed, MakeKey(seed, value)), value);
      std::string text;
      AppendId(value, &text);
      EXPECT_EQ(IdFromText(text), value) << text;
    }
  }
}

TEST(KeyIdTest, SmallIntegersAreWrittenAsTheyWere) {
  for (const char* text : {"0", "17", "-1", "-2147483648", "9223372036854775807"}) {
    std::string out;
    AppendId(IdFromText(text), &out);
    EXPECT_EQ(out, text);
  }
}

TEST_F(ExportLogTest, AnyLogReadsTheSameAfterARoundTrip) {
  RoundTripOfAnyLog(60, ImportSchema::DELIMITED);
}

TEST_F(ExportLogTest, AnyLogReadsTheSameAfterARoundTripThroughRecords) {
  RoundTripOfAnyLog(60, ImportSchema::TFRECORD);
}

// Byte by byte, by a writer that shares nothing with the program's.
TEST_F(ExportLogTest, RecordsAreThoseOfTensorFlow) {
  Write("click,sale,id,user,tags,price\n1,1,7,12,3:0.5 -4:2,0.25\n");
  ASSERT_TRUE(Import(R"(row_id: "id" slot { column: "user" context: true }
                        slot { column: "tags" separator: " " value_separator: ":" }
                        numeric { column: "price" transform: NONE })")
                  .ok());
  ASSERT_OK(ExportLog(*files_,
                      {.logs = {"out"}, .output = "out.tfrecord", .format = ImportSchema::TFRECORD})
                .status());
  EXPECT_EQ(*ReadWholeFile(*files_, "out.tfrecord"),
            tfrecord::Record(tfrecord::Example({{"row_id", tfrecord::Integers({7})},
                                                {"click", tfrecord::Integers({1})},
                                                {"conversion", tfrecord::Integers({1})},
                                                {"user", tfrecord::Integers({12})},
                                                {"tags", tfrecord::Integers({3, -4})},
                                                {"tags_values", tfrecord::Floats({0.5f, 2.0f})},
                                                {"price", tfrecord::Floats({0.25f})}})));
}

TEST_F(ExportLogTest, ARowIdThatNoIntegerOfAnExampleHoldsIsNamed) {
  Batch batch = testing::MakeBatch(testing::PlainSchema(), 3, 1, 0);
  batch.row_id[2] = uint64_t{1} << 63;
  testing::WriteLog(*files_, "log", testing::PlainSchema(), {batch});
  const auto summary = ExportLog(
      *files_, {.logs = {"log"}, .output = "out.tfrecord", .format = ImportSchema::TFRECORD});
  EXPECT_NE(summary.status().message().find("block 0: row 2: its row id 9223372036854775808"),
            std::string::npos)
      << summary.status().ToString();
}

TEST_F(ExportLogTest, WhatAnImportReadComesOutAgainAsFarAsIdsWereIntegers) {
  Write("click,sale,id,user,tags,price\n1,1,7,12,3:0.5 -4:2,0.25\n0,0,8,12,,1e-3\n");
  ASSERT_TRUE(Import(R"(row_id: "id" slot { column: "user" context: true }
                        slot { column: "tags" separator: " " value_separator: ":" }
                        numeric { column: "price" transform: NONE })")
                  .ok());
  ASSERT_TRUE(ExportLog(*files_, {.logs = {"out"}, .output = "out.tsv"}).ok());
  EXPECT_EQ(*ReadWholeFile(*files_, "out.tsv"),
            "row_id\tclick\tconversion\tuser\ttags\tprice\n"
            "7\t1\t1\t12\t3:0.5,-4:2\t0.25\n"
            "8\t0\t0\t12\t\t0.00100000005\n");
}

TEST_F(ExportLogTest, ARoundTripOfAnImportKeepsItsContextsAndItsBlocks) {
  Write(Table(100));
  ASSERT_TRUE(
      Import(R"(row_id: "price" slot { column: "user" context: true } block_rows: 16)").ok());
  RoundTrip("out", "out.tsv", "again");
  LogSchema schema;
  const std::vector<Batch> before = ReadLog(*files_, "out", &schema),
                           after = ReadLog(*files_, "again");
  ASSERT_EQ(before.size(), after.size());
  for (size_t i = 0; i < before.size(); ++i)
    EXPECT_TRUE(testing::SameBatch(before[i], after[i])) << i;
}

TEST_F(ExportLogTest, ARowIdThatNoLineCanHoldIsNamed) {
  LogSchema schema = testing::PlainSchema();
  schema.has_row_id_text = true;
  Batch batch = testing::MakeBatch(schema, 3, 1, 0);
  batch.row_id_text[1] = "two\nlines";
  testing::WriteLog(*files_, "log", schema, {batch});
  const auto summary = ExportLog(*files_, {.logs = {"log"}, .output = "out.tsv"});
  EXPECT_NE(summary.status().message().find("block 0: row 1"), std::string::npos)
      << summary.status().ToString();
  EXPECT_FALSE(files_->Exists("out.tsv"));
}

}  // namespace
}  // namespace chorus::worker
