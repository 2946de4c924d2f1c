#pragma once
// A file system that hands every call on to another one: the base of those that change a few.
// Thread safety: that of the file system behind it.

#include <memory>
#include <string>
#include <vector>

#include "common/file.h"

namespace chorus {

class ForwardingFiles : public FileSystem {
 public:
  // `files` outlives this.
  explicit ForwardingFiles(FileSystem& files) : files_(files) {}

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
  Result<std::vector<std::string>> List(const std::string& directory) override {
    return files_.List(directory);
  }
  Status Remove(const std::string& path) override { return files_.Remove(path); }
  Status RemoveRecursively(const std::string& path) override {
    return files_.RemoveRecursively(path);
  }
  bool Exists(const std::string& path) override { return files_.Exists(path); }
  uint64_t IdOf(const std::string& path) override { return files_.IdOf(path); }
  Result<Target> TargetOf(const std::string& path) override { return files_.TargetOf(path); }
  Result<std::unique_ptr<FileLock>> Lock(const std::string& path) override {
    return files_.Lock(path);
  }

 protected:
  FileSystem& files_;
};

}  // namespace chorus
