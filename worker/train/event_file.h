#pragma once
// TensorBoard's event files: the numbers of a run's reports as curves (report.tensorboard). A
// process writes one file; the file of a resumed run says from which step on it counts, so that
// TensorBoard leaves out what the process before it wrote of later steps; an evaluation that a
// resumed run repeats has two equal points. A disk that fails later does not end the run
// (side_file.h).
//
//   events.out.tfevents.SECONDS.HOST.PROCESS   framed events (record_frame.h, tensorboard.proto)
//
// Thread safety: one thread.

#include <cstdint>
#include <memory>
#include <string>

#include "common/file.h"
#include "common/report.pb.h"
#include "common/status.h"
#include "worker/train/side_file.h"

namespace chorus::worker {

class EventFile {
 public:
  // folder "": reports are dropped. done_steps: before this process; 0: a new run, whose curves
  // begin anew, whatever else the folder has. Errors name the field: another process writes in the
  // folder, or it cannot be made.
  static Result<std::unique_ptr<EventFile>> Open(FileSystem& files, const std::string& folder,
                                                 uint64_t done_steps);
  void Write(const Report& report);
  void Sync() { file_.Sync(); }  // what was written survives a crash
  void Close();                  // synced; others may write in the folder

 private:
  EventFile() = default;

  std::unique_ptr<FileLock> lock_;
  SideFile file_;
};

}  // namespace chorus::worker
