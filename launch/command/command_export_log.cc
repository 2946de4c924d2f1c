// chorus export-log: a log becomes text, TFRecord or Parquet again (worker/import/export_log.h).
#include <cstdio>
#include <string>

#include "common/file.h"
#include "common/progress.h"
#include "launch/command/commands.h"
#include "worker/import/export_log.h"

namespace chorus::launch {

namespace {

ImportSchema::Format FormatOf(const std::string& name) {
  if (name == "TFRECORD") return ImportSchema::TFRECORD;
  return name == "PARQUET" ? ImportSchema::PARQUET : ImportSchema::DELIMITED;
}

}  // namespace

Status RunExportLog(const ExportLogArguments& arguments) {
  ProgressLine progress;
  const auto summary = worker::ExportLog(PosixFiles(), {.logs = arguments.logs,
                                                        .output = arguments.output,
                                                        .schema_output = arguments.schema_output,
                                                        .format = FormatOf(arguments.format),
                                                        .progress = &progress});
  progress.Clear();
  RETURN_IF_ERROR(summary.status());
  if (arguments.output == "-") return Status::Ok();  // the text alone
  std::printf(
      "%llu rows of %u columns%s\n", static_cast<unsigned long long>(summary->rows),
      summary->columns,
      summary->has_click ? "" : "; they have no labels: import takes them with --unlabelled");
  return Status::Ok();
}

}  // namespace chorus::launch
