#pragma once
// A folder that one process works in at a time, held until the object or the process ends, however
// it ends. It leaves nothing in the folder. Thread safety: one thread.

#include <string>
#include <utility>

#include "common/status.h"

namespace chorus {

class FolderLock {
 public:
  // `folder` exists. Error: kFailedPrecondition, another process (or object) has it. Where the file
  // system knows no locks, a warning says so and nothing is held.
  static Result<FolderLock> Take(const std::string& folder);
  ~FolderLock();
  FolderLock(FolderLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  FolderLock& operator=(FolderLock&& other) noexcept {
    std::swap(file_, other.file_);
    return *this;
  }

 private:
  explicit FolderLock(int file) : file_(file) {}
  int file_ = -1;
};

}  // namespace chorus
