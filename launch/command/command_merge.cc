// chorus merge: several logs become one (worker/import/merge_logs.h).
#include <cstdio>

#include "common/cores.h"
#include "common/file.h"
#include "common/progress.h"
#include "launch/command/commands.h"
#include "worker/import/merge_logs.h"

namespace chorus::launch {

Status RunMerge(const MergeArguments& arguments) {
  ProgressLine progress;
  const auto summary =
      worker::MergeLogs(PosixFiles(), {.logs = arguments.logs,
                                       .output = arguments.output,
                                       .threads = ThreadsOrCores(arguments.threads),
                                       .progress = &progress});
  progress.Clear();
  RETURN_IF_ERROR(summary.status());
  std::fputs(worker::FormatMergeSummary(*summary).c_str(), stdout);
  return Status::Ok();
}

}  // namespace chorus::launch
