#pragma once
// A file system whose n-th write, sync or rename fails, or all of whose lists or removals fail, as
// on a full or broken disk, or whose files open slowly.
// Thread safety: as the file system below it; counters are atomic.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/file.h"

namespace chorus {

// Which calls fail, counted from 0 over all files; kNever: none.
struct FaultPlan {
  static constexpr uint64_t kNever = std::numeric_limits<uint64_t>::max();
  uint64_t failing_write = kNever;
  bool write_half_first = false;  // the failing write leaves the first half of its bytes behind
  uint64_t failing_sync = kNever;
  uint64_t failing_rename = kNever;
  bool failing_lists = false;    // every one
  bool failing_removes = false;  // every one
  uint64_t free_bytes = kNever;  // room for all written files together
  double open_seconds = 0;       // how long opening a file to read takes
};

namespace internal {

struct FaultState {
  FaultPlan plan;
  std::atomic<uint64_t> writes{0}, bytes{0}, syncs{0}, renames{0};
};

class FaultyWritableFile final : public WritableFile {
 public:
  FaultyWritableFile(std::unique_ptr<WritableFile> file, std::shared_ptr<FaultState> state)
      : file_(std::move(file)), state_(std::move(state)) {}
  Status Append(std::span<const std::byte> data) override {
    const bool fits = (state_->bytes += data.size()) <= state_->plan.free_bytes;
    if (state_->writes++ != state_->plan.failing_write && fits) return file_->Append(data);
    if (state_->plan.write_half_first) {
      if (Status status = file_->Append(data.first(data.size() / 2)); !status.ok()) return status;
    }
    return ResourceExhausted("writing: the disk is full (injected)");
  }
  Status Sync() override {
    if (state_->syncs++ != state_->plan.failing_sync) return file_->Sync();
    return Internal("syncing: input/output error (injected)");
  }
  Status Close() override { return file_->Close(); }

 private:
  std::unique_ptr<WritableFile> file_;
  std::shared_ptr<FaultState> state_;
};

class FaultyFileSystem final : public FileSystem {
 public:
  FaultyFileSystem(FileSystem& files, const FaultPlan& plan)
      : files_(files), state_(std::make_shared<FaultState>()) {
    state_->plan = plan;
  }
  Result<std::unique_ptr<RandomAccessFile>> OpenForRead(const std::string& path) override {
    std::this_thread::sleep_for(std::chrono::duration<double>(state_->plan.open_seconds));
    return files_.OpenForRead(path);
  }
  Result<std::unique_ptr<WritableFile>> Create(const std::string& path) override {
    return Wrap(files_.Create(path));
  }
  Result<std::unique_ptr<WritableFile>> OpenForAppend(const std::string& path) override {
    return Wrap(files_.OpenForAppend(path));
  }
  Status Rename(const std::string& from, const std::string& to) override {
    if (state_->renames++ != state_->plan.failing_rename) return files_.Rename(from, to);
    return Internal("renaming: input/output error (injected)");
  }
  Status CreateDirectories(const std::string& path) override {
    return files_.CreateDirectories(path);
  }
  Result<std::vector<std::string>> List(const std::string& directory) override {
    if (state_->plan.failing_lists) return Internal("listing: no permission (injected)");
    return files_.List(directory);
  }
  Status Remove(const std::string& path) override {
    return state_->plan.failing_removes ? RemoveError() : files_.Remove(path);
  }
  Status RemoveRecursively(const std::string& path) override {
    return state_->plan.failing_removes ? RemoveError() : files_.RemoveRecursively(path);
  }
  bool Exists(const std::string& path) override { return files_.Exists(path); }
  uint64_t IdOf(const std::string& path) override { return files_.IdOf(path); }

 private:
  static Status RemoveError() { return Internal("removing: input/output error (injected)"); }
  Result<std::unique_ptr<WritableFile>> Wrap(Result<std::unique_ptr<WritableFile>> file) {
    if (!file.ok()) return file.status();
    return std::unique_ptr<WritableFile>(
        std::make_unique<FaultyWritableFile>(std::move(file).value(), state_));
  }
  FileSystem& files_;
  std::shared_ptr<FaultState> state_;
};

}  // namespace internal

// `files` must outlive it.
inline std::unique_ptr<FileSystem> NewFaultyFiles(FileSystem& files, const FaultPlan& plan) {
  return std::make_unique<internal::FaultyFileSystem>(files, plan);
}

}  // namespace chorus
