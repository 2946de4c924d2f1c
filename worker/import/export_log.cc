#include "worker/import/export_log.h"

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "common/config.h"
#include "common/output_file.h"
#include "common/strings.h"
#include "worker/import/exported_rows.h"
#include "worker/import/packed_text.h"
#include "worker/log/log_reader.h"

namespace chorus::worker {

namespace {

constexpr size_t kTextBytes = size_t{1} << 20;  // that are written at once

class BlocksOfRows final : public ExportedBlocks {
 public:
  BlocksOfRows(std::unique_ptr<ExportedRows> rows, TakeExportedBytes take)
      : rows_(std::move(rows)), take_(std::move(take)), text_(rows_->Head()) {}

  Status Add(const Batch& block) override {
    for (uint32_t row = 0; row < block.rows(); ++row) {
      RETURN_IF_ERROR(rows_->AppendRow(block, row, &text_));
      if (text_.size() < kTextBytes) continue;
      RETURN_IF_ERROR(take_(text_));
      text_.clear();
    }
    return Status::Ok();
  }
  Status Finish() override { return take_(text_); }

 private:
  const std::unique_ptr<ExportedRows> rows_;
  const TakeExportedBytes take_;
  std::string text_;
};

Status WriteRows(const LogReader& log, ProgressLine* progress, ExportedBlocks* out,
                 uint64_t* rows) {
  const auto blocks = static_cast<uint32_t>(log.blocks().size());
  Batch block;
  for (uint32_t i = 0; i < blocks; ++i) {
    RETURN_IF_ERROR(log.ReadBlock(i, &block));
    RETURN_IF_ERROR(out->Add(block).Annotate(StrCat("block ", i)));
    *rows += block.rows();
    if (progress != nullptr) progress->ShowDone("export-log", i + 1, blocks, "blocks");
  }
  return out->Finish();
}

Result<std::unique_ptr<ExportedBlocks>> BlocksOf(ImportSchema::Format format,
                                                 const LogSchema& schema,
                                                 const std::vector<std::string>& header,
                                                 TakeExportedBytes take) {
  if (format == ImportSchema::PARQUET) return NewExportedParquet(schema, header, std::move(take));
  return NewBlocksOfRows(format == ImportSchema::TFRECORD ? NewExportedExamples(schema, header)
                                                          : NewExportedLines(schema, header),
                         std::move(take));
}

// Pages of Parquet are packed one by one, so that columns can be read alone.
Status CheckExportName(const ExportLogOptions& options) {
  if (options.output == options.schema_output) {
    return InvalidArgument("--output and --schema-output are one file");
  }
  const std::string& name = options.output;
  if (options.format == ImportSchema::PARQUET &&
      (name.ends_with(".gz") || name.ends_with(".zst"))) {
    return InvalidArgument(StrCat(name,
                                  ": a file of Parquet packs its pages itself, and one that is "
                                  "packed once more cannot be read: name it NAME.parquet"));
  }
  return Status::Ok();
}

constexpr std::string_view kSchemaHead = "# Reads what chorus export-log wrote.";

Status WriteSchema(FileSystem& files, const ExportedColumns& columns, bool has_click,
                   const std::string& path) {
  ASSIGN_OR_RETURN(const auto file, OutputFile::Replace(files, path, kSchemaHead, "such schema"));
  RETURN_IF_ERROR(
      file->Append(StrCat(kSchemaHead,
                          " Ids are integers that give the keys of the log; "
                          "numbers are as\n# the log stores them, standardised already.\n",
                          has_click ? "" : "# The log has no labels: import --unlabelled.\n",
                          PrintConfig(columns.schema))));
  return file->Commit();
}

}  // namespace

Result<ExportLogSummary> ExportLog(FileSystem& files, const ExportLogOptions& options) {
  RETURN_IF_ERROR(CheckExportName(options));
  ASSIGN_OR_RETURN(const auto log, LogReader::Open(files, options.logs));
  ASSIGN_OR_RETURN(const ExportedColumns columns, ExportedColumnsOf(log->schema(), options.format));
  ExportLogSummary summary{.columns = static_cast<uint32_t>(columns.header.size()),
                           .has_click = log->schema().has_click};
  ASSIGN_OR_RETURN(const auto text, PackedText::Create(files, options.output));
  ASSIGN_OR_RETURN(const auto blocks,
                   BlocksOf(options.format, log->schema(), columns.header,
                            [&](std::string_view bytes) { return text->Append(bytes); }));
  RETURN_IF_ERROR(WriteRows(*log, options.progress, blocks.get(), &summary.rows));
  // Before the rows get their name: rows that are there then have their schema.
  if (!options.schema_output.empty()) {
    RETURN_IF_ERROR(WriteSchema(files, columns, summary.has_click, options.schema_output));
  }
  RETURN_IF_ERROR(text->Commit());
  return summary;
}

std::unique_ptr<ExportedBlocks> NewBlocksOfRows(std::unique_ptr<ExportedRows> rows,
                                                TakeExportedBytes take) {
  return std::make_unique<BlocksOfRows>(std::move(rows), std::move(take));
}

}  // namespace chorus::worker
