// A log that became Parquet and a log again holds the same rows.
#include "tests/support/faulty_files.h"
#include "tests/worker/import/export_log_testing.h"
#include "worker/columns/arrow_file.h"
#include "worker/columns/arrow_library.h"
#include "worker/columns/arrow_writer.h"

namespace chorus::worker {
namespace {

class ExportParquetTest : public ExportLogTest {
 protected:
  void SetUp() override {
    if (const auto library = OpenArrowLibrary("libchorus_arrow.so"); !library.ok()) {
      GTEST_SKIP() << library.status().message();
    }
  }
  // The columns of a file of Parquet, "name type".
  std::vector<std::string> ColumnsOf(const std::string& name) {
    auto file = files_->OpenForRead(name);
    EXPECT_TRUE(file.ok()) << file.status().ToString();
    const auto source = OpenArrowFile(std::move(file).value(), {});
    EXPECT_TRUE(source.ok()) << source.status().ToString();
    std::vector<std::string> columns;
    for (const TypedColumn& column : (*source)->columns()) {
      columns.push_back(StrCat(column.name, " ", column.type.name));
    }
    return columns;
  }
};

TEST_F(ExportParquetTest, AnyLogReadsTheSameAfterARoundTrip) {
  RoundTripOfAnyLog(60, ImportSchema::PARQUET);
}

TEST_F(ExportParquetTest, ColumnsHaveTheTypesOfWhatTheyHold) {
  Write("click,sale,id,user,tags,price\n1,1,7,12,3:0.5 -4:2,0.25\n0,0,8,,,1\n");
  ASSERT_TRUE(Import(R"(row_id: "id" slot { column: "user" context: true }
                        slot { column: "tags" separator: " " value_separator: ":" }
                        numeric { column: "price" transform: NONE })")
                  .ok());
  ASSERT_OK(ExportLog(*files_,
                      {.logs = {"out"}, .output = "out.parquet", .format = ImportSchema::PARQUET})
                .status());
  EXPECT_EQ(ColumnsOf("out.parquet"),
            (std::vector<std::string>{"row_id uint64", "click int8", "conversion int8",
                                      "user int64", "tags list of int64",
                                      "tags_values list of float32", "price float32"}));
}

// Text and records hold them no better.
TEST_F(ExportParquetTest, TheLargestRowIdIsKept) {
  Batch batch = testing::MakeBatch(testing::PlainSchema(), 3, 1, 0);
  batch.row_id[2] = ~uint64_t{0};
  testing::WriteLog(*files_, "log", testing::PlainSchema(), {batch});
  RoundTrip("log", "log.parquet", "again", true, ImportSchema::PARQUET);
  EXPECT_EQ(RowIds(*files_, "again")[2], ~uint64_t{0});
}

TEST_F(ExportParquetTest, ANameThatWouldPackItOnceMoreIsRefused) {
  testing::WriteLog(*files_, "log", testing::PlainSchema(),
                    {testing::MakeBatch(testing::PlainSchema(), 3, 1, 0)});
  const auto summary = ExportLog(
      *files_, {.logs = {"log"}, .output = "log.parquet.gz", .format = ImportSchema::PARQUET});
  EXPECT_EQ(summary.status().code(), Code::kInvalidArgument);
  EXPECT_FALSE(files_->Exists("log.parquet.gz"));
}

TEST_F(ExportParquetTest, AnErrorOfWritingIsSaidAndLeavesNoFile) {
  testing::WriteLog(*files_, "log", testing::PlainSchema(),
                    {testing::MakeBatch(testing::PlainSchema(), 50, 1, 0)});
  const auto full = NewFaultyFiles(*files_, {.free_bytes = 100});
  const auto summary =
      ExportLog(*full, {.logs = {"log"}, .output = "log.parquet", .format = ImportSchema::PARQUET});
  EXPECT_EQ(summary.status().code(), Code::kResourceExhausted) << summary.status().ToString();
  EXPECT_FALSE(files_->Exists("log.parquet"));
}

// Of "--output -" somebody may have read it by then.
TEST_F(ExportParquetTest, BehindAnErrorNothingIsWritten) {
  std::vector<MadeColumn> columns;
  columns.emplace_back("a", MadeColumn::Type::kInt64);
  int taken = 0;
  {
    const auto file = ArrowFileWriter::Open(&columns, [&](std::string_view) {
      return ++taken == 1 ? Status::Ok() : ResourceExhausted("the disk is full");
    });
    ASSERT_OK(file.status());
    columns[0].Add(int64_t{1});
    Status status = (*file)->Write(&columns);
    if (status.ok()) status = (*file)->Finish();
    EXPECT_EQ(status.message(), "the disk is full");
    EXPECT_FALSE((*file)->Write(&columns).ok());
    EXPECT_FALSE((*file)->Finish().ok());
  }
  EXPECT_EQ(taken, 2);
}

TEST_F(ExportParquetTest, AFileThatNobodyFinishedHasNoEnd) {
  std::vector<MadeColumn> columns;
  columns.emplace_back("a", MadeColumn::Type::kInt64);
  for (const bool finished : {false, true}) {
    std::string bytes;
    {
      const auto file = ArrowFileWriter::Open(&columns, [&](std::string_view more) {
        bytes += more;
        return Status::Ok();
      });
      ASSERT_OK(file.status());
      columns[0].Clear();
      columns[0].Add(int64_t{1});
      ASSERT_OK((*file)->Write(&columns));
      if (finished) {
        ASSERT_OK((*file)->Finish());
        EXPECT_FALSE((*file)->Finish().ok());
      }
    }
    EXPECT_EQ(bytes.size() > 4 && bytes.ends_with("PAR1"), finished);
  }
}

}  // namespace
}  // namespace chorus::worker
