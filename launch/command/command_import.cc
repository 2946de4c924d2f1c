// chorus import: rows of text or of typed columns become a binary log, or labels that came later a
// file beside it (worker/import).
#include <cstdio>
#include <utility>

#include "common/config.h"
#include "common/cores.h"
#include "common/file.h"
#include "common/progress.h"
#include "common/stop_signal.h"
#include "launch/command/commands.h"
#include "worker/import/follow_import.h"
#include "worker/import/import.h"
#include "worker/import/label_import.h"

namespace chorus::launch {

namespace {

constexpr char kBadRowRemedy[] =
    " (--max-bad-rows N passes over so many bad rows, --bad-rows FILE lists them)";

Status RunLabels(const ImportArguments& arguments, const ImportSchema& schema) {
  ProgressLine progress;
  const auto summary = worker::ImportLabels(PosixFiles(), schema,
                                            {.inputs = arguments.labels,
                                             .logs = arguments.logs,
                                             .max_bad_rows = arguments.max_bad_rows,
                                             .bad_row_remedy = kBadRowRemedy,
                                             .bad_rows = arguments.bad_rows,
                                             .allow_unknown = arguments.allow_unknown,
                                             .allow_repeated = arguments.allow_repeated,
                                             .threads = ThreadsOrCores(arguments.threads),
                                             .progress = &progress});
  progress.Clear();
  RETURN_IF_ERROR(summary.status());
  std::fputs(worker::FormatLabelSummary(*summary).c_str(), stdout);
  return Status::Ok();
}

Status RunFollow(const ImportSchema& schema, worker::ImportOptions options,
                 const ImportArguments& arguments, bool* stopped) {
  CatchStopSignals();
  const auto summary = worker::FollowImport(PosixFiles(), schema,
                                            {.import = std::move(options),
                                             .seal_seconds = arguments.seal_seconds,
                                             .idle_seconds = arguments.idle_seconds,
                                             .stop = [] { return StopSignal() != 0; },
                                             .kafka_config = arguments.kafka_config});
  RETURN_IF_ERROR(summary.status());
  std::fputs(worker::FormatFollowed(*summary).c_str(), stdout);
  *stopped = summary->stopped;
  if (summary->stopped) {
    std::printf("stopped by %s; the same command goes on\n", SignalName(StopSignal()).c_str());
  }
  return Status::Ok();
}

}  // namespace

Status RunImport(const ImportArguments& arguments, bool* stopped) {
  ImportSchema schema;
  RETURN_IF_ERROR(LoadConfig(arguments.schema_file, arguments.sets, &schema));
  if (!arguments.labels.empty()) return RunLabels(arguments, schema);
  ProgressLine progress;
  worker::ImportOptions options{.schema_name = arguments.schema_file,
                                .inputs = arguments.inputs,
                                .output = arguments.output,
                                .like = arguments.like,
                                .max_bad_rows = arguments.max_bad_rows,
                                .bad_row_remedy = kBadRowRemedy,
                                .bad_rows = arguments.bad_rows,
                                .unlabelled = arguments.unlabelled,
                                .split_by = arguments.split_by,
                                .split_contiguous = arguments.split_contiguous,
                                .split_seed = arguments.split_seed,
                                .threads = ThreadsOrCores(arguments.threads),
                                .memory_bytes = arguments.memory_bytes,
                                .progress = &progress};
  ASSIGN_OR_RETURN(options.split, arguments.split_by_time.empty()
                                      ? worker::Split::Parse(arguments.split)
                                      : worker::Split::ParseTimes(arguments.split_by_time));
  if (arguments.follow) return RunFollow(schema, std::move(options), arguments, stopped);
  const auto summary = worker::ImportText(PosixFiles(), schema, options);
  progress.Clear();
  RETURN_IF_ERROR(summary.status());
  std::fputs(worker::FormatSummary(*summary).c_str(), stdout);
  return Status::Ok();
}

}  // namespace chorus::launch
