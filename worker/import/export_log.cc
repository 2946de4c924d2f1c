#include "worker/import/export_log.h"

#include "common/config.h"
#include "common/output_file.h"
#include "common/strings.h"
#include "worker/import/exported_rows.h"
#include "worker/import/packed_text.h"
#include "worker/log/log_reader.h"

namespace chorus::worker {

namespace {

constexpr size_t kTextBytes = size_t{1} << 20;  // that are written at once

Status WriteRows(const LogReader& log, const ExportedRows& writer, ProgressLine* progress,
                 PackedText* text, uint64_t* rows) {
  const auto blocks = static_cast<uint32_t>(log.blocks().size());
  Batch block;
  std::string lines;
  for (uint32_t i = 0; i < blocks; ++i) {
    RETURN_IF_ERROR(log.ReadBlock(i, &block));
    for (uint32_t row = 0; row < block.rows(); ++row) {
      RETURN_IF_ERROR(writer.AppendRow(block, row, &lines).Annotate(StrCat("block ", i)));
      if (lines.size() < kTextBytes) continue;
      RETURN_IF_ERROR(text->Append(lines));
      lines.clear();
    }
    *rows += block.rows();
    if (progress != nullptr) progress->ShowDone("export-log", i + 1, blocks, "blocks");
  }
  return text->Append(lines);
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
  if (options.output == options.schema_output) {
    return InvalidArgument("--output and --schema-output are one file");
  }
  ASSIGN_OR_RETURN(const auto log, LogReader::Open(files, options.logs));
  ASSIGN_OR_RETURN(const ExportedColumns columns, ExportedColumnsOf(log->schema(), options.format));
  const auto writer = options.format == ImportSchema::TFRECORD
                          ? NewExportedExamples(log->schema(), columns.header)
                          : NewExportedLines(log->schema(), columns.header);
  ExportLogSummary summary{.columns = static_cast<uint32_t>(columns.header.size()),
                           .has_click = log->schema().has_click};
  ASSIGN_OR_RETURN(const auto text, PackedText::Create(files, options.output));
  RETURN_IF_ERROR(text->Append(writer->Head()));
  RETURN_IF_ERROR(WriteRows(*log, *writer, options.progress, text.get(), &summary.rows));
  if (!options.schema_output.empty()) {
    RETURN_IF_ERROR(WriteSchema(files, columns, summary.has_click, options.schema_output));
  }
  RETURN_IF_ERROR(text->Commit());
  return summary;
}

}  // namespace chorus::worker
