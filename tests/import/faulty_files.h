#pragma once
// A file system whose writes begin to fail after a number of bytes, as a full disk does.

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "common/file.h"

namespace chorus::worker {

class FullDisk : public FileSystem {
 public:
  FullDisk(FileSystem& files, int64_t free_bytes) : files_(files), free_bytes_(free_bytes) {}

  Result<std::unique_ptr<RandomAccessFile>> OpenForRead(const std::string& path) override {
    return files_.OpenForRead(path);
  }
  Result<std::unique_ptr<WritableFile>> Create(const std::string& path) override {
    ASSIGN_OR_RETURN(auto file, files_.Create(path));
    return std::unique_ptr<WritableFile>(std::make_unique<File>(std::move(file), free_bytes_));
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

 private:
  class File : public WritableFile {
   public:
    File(std::unique_ptr<WritableFile> file, std::atomic<int64_t>& free_bytes)
        : file_(std::move(file)), free_bytes_(free_bytes) {}
    Status Append(std::span<const std::byte> data) override {
      if ((free_bytes_ -= static_cast<int64_t>(data.size())) < 0) {
        return ResourceExhausted("no space left");
      }
      return file_->Append(data);
    }
    Status Sync() override { return file_->Sync(); }
    Status Close() override { return file_->Close(); }

   private:
    std::unique_ptr<WritableFile> file_;
    std::atomic<int64_t>& free_bytes_;
  };

  FileSystem& files_;
  std::atomic<int64_t> free_bytes_;
};

}  // namespace chorus::worker
