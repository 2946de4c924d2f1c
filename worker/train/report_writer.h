#pragma once
// metrics.jsonl: one line per report (report.proto as JSON). A resumed run keeps the lines up to
// the step it resumes from and goes on behind them, so that the file reads as if nothing had
// happened. A disk that fails later does not end the run (side_file.h).
// Thread safety: one thread.

#include <memory>
#include <string>

#include "common/file.h"
#include "common/report.pb.h"
#include "common/status.h"
#include "common/write_lock.h"
#include "worker/train/side_file.h"

namespace chorus::worker {

class ReportWriter {
 public:
  // path "": reports are dropped. resumed_step 0: a new file, which replaces that of an earlier run
  // (and says so). evaluates_again: the run evaluates resumed_step once more, in place of what the
  // file says of it. A pipe or a device is written to as it is. Errors: kFailedPrecondition (a new
  // file) or kDataLoss (one to go on in) when there is a file with a line that is no report, other
  // than a torn last one; kFailedPrecondition when another process still writes the file after
  // wait_seconds (write_lock.h).
  static Result<std::unique_ptr<ReportWriter>> Open(FileSystem& files, const std::string& path,
                                                    uint64_t resumed_step,
                                                    bool evaluates_again = false,
                                                    double wait_seconds = kWriterEndSeconds);
  // Error: kInternal if the report is none.
  Status Write(const Report& report);
  void Sync() { file_.Sync(); }  // what was written survives a crash
  void Close();                  // synced; others may write the file

 private:
  ReportWriter() = default;

  std::unique_ptr<FileLock> lock_;  // null: dropped, or written in place
  SideFile file_;
};

}  // namespace chorus::worker
