#pragma once
// The right to work in a folder, which one process has at a time. It ends with the object or the
// process, however that ends, and leaves nothing in the folder.
// Thread safety: one thread.

#include <string>
#include <utility>

#include "common/status.h"

namespace chorus {

class FolderLock {
 public:
  // REQUIRES: `folder` exists. Error: kFailedPrecondition if another process or object has the
  // lock. If the file system knows no locks, a warning says so and nothing is locked.
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
