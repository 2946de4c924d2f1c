#pragma once
// A file system in which one folder holds what it held when it was listed: who opens many of its
// files does not read it again for each. Thread safety: that of the file system behind it.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/file.h"

namespace chorus::worker {

class OneListing final : public FileSystem {
 public:
  // names: what the folder holds, sorted. `files` outlives this.
  OneListing(FileSystem& files, std::string folder, std::vector<std::string> names)
      : files_(files), folder_(std::move(folder)), names_(std::move(names)) {}

  Result<std::vector<std::string>> List(const std::string& folder) override {
    if (folder == folder_) return names_;
    return files_.List(folder);
  }
  Result<std::unique_ptr<RandomAccessFile>> OpenForRead(const std::string& path) override {
    return files_.OpenForRead(path);
  }
  Result<std::unique_ptr<WritableFile>> Create(const std::string& path) override {
    return files_.Create(path);
  }
  Result<std::unique_ptr<WritableFile>> OpenForAppend(const std::string& path) override {
    return files_.OpenForAppend(path);
  }
  Status Rename(const std::string& from, const std::string& to) override {
    return files_.Rename(from, to);
  }
  Status CreateDirectories(const std::string& path) override {
    return files_.CreateDirectories(path);
  }
  Status Remove(const std::string& path) override { return files_.Remove(path); }
  Status RemoveRecursively(const std::string& path) override {
    return files_.RemoveRecursively(path);
  }
  bool Exists(const std::string& path) override { return files_.Exists(path); }

 private:
  FileSystem& files_;
  const std::string folder_;
  const std::vector<std::string> names_;
};

}  // namespace chorus::worker
