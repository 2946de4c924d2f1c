#pragma once
// A file system in which one folder holds what it held when it was listed: a caller that opens many
// of its files does not list it again for each. Thread safety: that of the file system behind it.

#include <string>
#include <utility>
#include <vector>

#include "common/forwarding_files.h"

namespace chorus::worker {

class OneListing final : public ForwardingFiles {
 public:
  // names: what the folder holds, sorted. `files` outlives this.
  OneListing(FileSystem& files, std::string folder, std::vector<std::string> names)
      : ForwardingFiles(files), folder_(std::move(folder)), names_(std::move(names)) {}

  Result<std::vector<std::string>> List(const std::string& folder) override {
    if (folder == folder_) return names_;
    return files_.List(folder);
  }

 private:
  const std::string folder_;
  const std::vector<std::string> names_;
};

}  // namespace chorus::worker
