#pragma once
// Removes outputs that are not complete yet when a signal ends the command; complete outputs stay.
// Thread safety: RemoveUnfinishedOnStopSignals once, from main's thread before it starts others; an
// UnfinishedOutput belongs to one thread.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/file.h"
#include "common/status.h"

namespace chorus {

// A file or folder that does not have its final name yet; RemoveUnfinishedOnStopSignals knows it as
// long as this lives, or until it is finished.
class UnfinishedOutput {
 public:
  // path: where the output is written, "scores.tsv.partial". lock: null, or the owner's lock, which
  // the owner must not touch while this lives; it is freed once all outputs of the process are
  // removed. `files` and `lock` must outlive this.
  UnfinishedOutput(FileSystem& files, std::string path, std::unique_ptr<FileLock>* lock = nullptr);
  // An output that is written in place, "standard output": it cannot be removed after a signal, so
  // a line says that it is incomplete.
  explicit UnfinishedOutput(std::string name);
  ~UnfinishedOutput();
  UnfinishedOutput(const UnfinishedOutput&) = delete;
  UnfinishedOutput& operator=(const UnfinishedOutput&) = delete;

  // Calls `complete`, which gives the output its name: a signal finds it unfinished or complete.
  // Once it succeeded nothing is removed any more.
  Status Finish(const std::function<Status()>& complete);

 private:
  friend class UnfinishedOutputs;
  FileSystem* const files_ = nullptr;  // null: it is written in place
  const std::string path_;
  std::unique_ptr<FileLock>* const lock_ = nullptr;
};

// From now on SIGTERM, SIGINT and SIGHUP (unless ignored) end the process, as they would without it
// (process 1 of a container: with 128 + the signal's number), once every unfinished output is
// removed, with a line that says so; a process without such an output says nothing. A thread of its
// own waits for them, so that it does not matter what the others wait for.
void RemoveUnfinishedOnStopSignals();

// What that thread does before the process ends: removes all unfinished outputs and returns their
// paths. Afterwards no output can be finished any more.
std::vector<std::string> RemoveUnfinishedOutputs();

}  // namespace chorus
