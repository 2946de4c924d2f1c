#pragma once
// The output folders of comparisons: made, locked as long as this lives, and removed at its end
// where nothing was written into what was made for them, so that a comparison that fails before its
// first run leaves no empty folder behind. Thread safety: none.

#include <memory>
#include <string>
#include <vector>

#include "common/file.h"
#include "common/status.h"

namespace chorus::launch {

class OutputFolders {
 public:
  // `files` outlives it.
  explicit OutputFolders(FileSystem& files) : files_(files) {}
  ~OutputFolders();
  OutputFolders(const OutputFolders&) = delete;
  OutputFolders& operator=(const OutputFolders&) = delete;

  // Makes the folder, and those above it, unless they are there. Error: as LockFolder, which waits
  // for the end of a writer that was killed a moment ago; the folder cannot be made.
  Status Take(const std::string& folder);

 private:
  struct Taken {
    std::string folder;
    std::vector<std::string> made;  // what was not there: the folder, and those above it in turn
    std::unique_ptr<FileLock> lock;
  };
  void RemoveEmpty(const Taken& taken);

  FileSystem& files_;
  std::vector<Taken> taken_;
};

}  // namespace chorus::launch
