#pragma once
// What tests of whole imports share: a text of rows, its import, and the log's rows.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/worker/import/import_testing.h"
#include "worker/import/import.h"
#include "worker/log/log_reader.h"

namespace chorus::worker {

inline constexpr char kPlain[] = "other_columns_are_slots: true";

// All rows of a log, one batch per block.
inline std::vector<Batch> ReadLog(FileSystem& files, const std::string& path,
                                  LogSchema* schema = nullptr) {
  auto reader = LogReader::Open(files, {path});
  EXPECT_TRUE(reader.ok()) << reader.status().ToString();
  std::vector<Batch> blocks;
  if (!reader.ok()) return blocks;
  if (schema != nullptr) *schema = (*reader)->schema();
  for (uint32_t i = 0; i < (*reader)->blocks().size(); ++i) {
    blocks.emplace_back();
    const Status status = (*reader)->ReadBlock(i, &blocks.back());
    EXPECT_TRUE(status.ok()) << status.ToString();
  }
  return blocks;
}

inline std::vector<uint64_t> RowIds(FileSystem& files, const std::string& path) {
  std::vector<uint64_t> ids;
  for (const Batch& block : ReadLog(files, path)) {
    ids.insert(ids.end(), block.row_id.begin(), block.row_id.end());
  }
  return ids;
}

// "click,sale,user,price" rows; user = i / 10, price = i.
inline std::string Table(int rows, int first = 0) {
  std::string text = "click,sale,user,price\n";
  for (int i = first; i < first + rows; ++i) {
    text += StrCat(i % 3 == 0 ? 1 : 0, ",", i % 9 == 0 ? 1 : 0, ",u", i / 10, ",", i, "\n");
  }
  return text;
}

class ImportTest : public ::testing::Test {
 protected:
  Result<ImportSummary> Import(const std::string& schema, ImportOptions options = {}) {
    if (options.inputs.empty()) options.inputs = {"in.csv"};
    if (options.output.empty()) options.output = "out";
    return ImportText(*files_, MakeSchema(schema), options);
  }
  void Write(const std::string& text) { WriteFile(*files_, "in.csv", text); }
  std::string ErrorOf(const std::string& schema, ImportOptions options = {}) {
    const auto summary = Import(schema, std::move(options));
    EXPECT_FALSE(summary.ok());
    EXPECT_FALSE(files_->Exists("out"));
    EXPECT_FALSE(files_->Exists("out.importing"));
    return summary.status().message();
  }

  std::unique_ptr<FileSystem> files_ = NewMemoryFiles();
};

inline ImportOptions WithSplit(const std::string& text, const std::string& by = "",
                               bool contiguous = false) {
  ImportOptions options;
  options.split = Split::Parse(text).value();
  options.split_by = by;
  options.split_contiguous = contiguous;
  return options;
}

}  // namespace chorus::worker
