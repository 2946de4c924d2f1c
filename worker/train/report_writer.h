#pragma once
// metrics.jsonl: one line a report (report.proto as JSON). A resumed run keeps the lines up to the
// step it resumes from and goes on behind them, so that the file reads as if nothing had happened.
// Thread safety: one thread.

#include <memory>
#include <string>

#include "common/file.h"
#include "common/report.pb.h"
#include "common/status.h"

namespace chorus::worker {

class ReportWriter {
 public:
  // path "": reports are dropped. resumed_step 0: a new file, which replaces that of an earlier run
  // (and says so). evaluates_again: the run evaluates resumed_step once more, in place of what the
  // file says of it. A pipe or a device is written to as it is. Error: kFailedPrecondition (a new
  // file) or kDataLoss (one to go on in) when there is a file with a line that is no report, other
  // than a torn last one.
  static Result<std::unique_ptr<ReportWriter>> Open(FileSystem& files, const std::string& path,
                                                    uint64_t resumed_step,
                                                    bool evaluates_again = false);
  Status Write(const Report& report);
  Status Sync();   // what was written survives a crash
  Status Close();  // synced

 private:
  explicit ReportWriter(std::unique_ptr<WritableFile> file) : file_(std::move(file)) {}
  std::unique_ptr<WritableFile> file_;  // null: dropped
};

}  // namespace chorus::worker
