#pragma once
// Outputs that are not complete yet, and a signal that ends the command meanwhile: what would look
// like remains is removed, what is complete stays.
// Thread safety: RemoveUnfinishedOnStopSignals once, from main's thread before it starts others; an
// UnfinishedOutput belongs to one thread.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/file.h"
#include "common/status.h"

namespace chorus {

// A file or folder that has not its own name yet; it is known to RemoveUnfinishedOnStopSignals as
// long as this lives, or until it is finished.
class UnfinishedOutput {
 public:
  // path: of what is written, "scores.tsv.partial". lock: the owner's, which may not touch it while
  // this lives, or null; it is freed once all outputs of the process are removed.
  // `files` and `lock` must outlive this.
  UnfinishedOutput(FileSystem& files, std::string path, std::unique_ptr<FileLock>* lock = nullptr);
  // Of what is written in place, "standard output": a signal cannot remove it, and says that it is
  // incomplete.
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

// From now on SIGTERM and SIGINT (unless it is ignored) end the process, as they would without it
// (process 1 of a container: with 128 + the signal's number), once every unfinished output is
// removed, with a line that says so; a process without such an output says nothing. A thread of its
// own waits for them, so that it does not matter what the others wait for.
void RemoveUnfinishedOnStopSignals();

// What that thread does before the process ends; nobody can finish an output any more. Returns what
// was removed.
std::vector<std::string> RemoveUnfinishedOutputs();

}  // namespace chorus
