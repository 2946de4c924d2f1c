#pragma once
// TensorBoard's event files: the numbers of a run's reports as curves (report.tensorboard). A
// process writes one file; that of a resumed run says from which step on it counts, so that
// TensorBoard leaves out what the process before it wrote of later steps; an evaluation that a
// resumed run makes again has two equal points. As with metrics.jsonl, a
// disk that fails later does not end the run: a warning says so once, and the file ends there.
//
//   events.out.tfevents.SECONDS.HOST.PROCESS   framed events (record_frame.h, tensorboard.proto)
//
// Thread safety: one thread.

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "common/file.h"
#include "common/report.pb.h"
#include "common/status.h"

namespace chorus::worker {

class EventFile {
 public:
  // folder "": reports are dropped. done_steps: before this process; 0: a new run, whose curves
  // begin anew, whatever else the folder has. Errors name the field: another process writes in the
  // folder, or it cannot be made.
  static Result<std::unique_ptr<EventFile>> Open(FileSystem& files, const std::string& folder,
                                                 uint64_t done_steps);
  void Write(const Report& report);
  void Sync();   // what was written survives a crash
  void Close();  // synced; others may write in the folder

 private:
  explicit EventFile(std::string path) : path_(std::move(path)) {}
  void Append(const std::string& event);
  void EndOnError(const Status& status);

  const std::string path_;
  std::unique_ptr<FileLock> lock_;
  std::unique_ptr<WritableFile> file_;  // null: dropped
};

}  // namespace chorus::worker
