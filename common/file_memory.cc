// A file system in memory: a map from paths to bytes. Readers keep the bytes that they opened even
// if the file is replaced or removed, as on a disk.
#include <algorithm>
#include <cstring>
#include <map>
#include <set>

#include "common/check.h"
#include "common/file.h"
#include "common/mutex.h"
#include "common/strings.h"

namespace chorus {
namespace {

struct Bytes {
  mutable Mutex mutex;
  std::string data GUARDED_BY(mutex);
};

class MemoryRandomAccessFile final : public RandomAccessFile {
 public:
  MemoryRandomAccessFile(std::shared_ptr<const Bytes> bytes, std::string path)
      : bytes_(std::move(bytes)), path_(std::move(path)) {}

  Status ReadAt(uint64_t offset, std::span<std::byte> out) const override {
    MutexLock lock(bytes_->mutex);
    const uint64_t size = bytes_->data.size();
    if (offset > size || out.size() > size - offset) {
      return DataLoss(StrCat("reading ", path_, ": the file ends at byte ", size, ", expected ",
                             offset + out.size(), " bytes"));
    }
    if (!out.empty()) std::memcpy(out.data(), bytes_->data.data() + offset, out.size());
    return Status::Ok();
  }

  uint64_t size() const override {
    MutexLock lock(bytes_->mutex);
    return bytes_->data.size();
  }

 private:
  std::shared_ptr<const Bytes> bytes_;
  std::string path_;
};

class MemoryWritableFile final : public WritableFile {
 public:
  explicit MemoryWritableFile(std::shared_ptr<Bytes> bytes) : bytes_(std::move(bytes)) {}

  Status Append(std::span<const std::byte> data) override {
    CHECK(bytes_ != nullptr, "the file is closed");
    MutexLock lock(bytes_->mutex);
    bytes_->data.append(reinterpret_cast<const char*>(data.data()), data.size());
    return Status::Ok();
  }
  Status Sync() override {
    CHECK(bytes_ != nullptr, "the file is closed");
    return Status::Ok();
  }
  Status Close() override {
    CHECK(bytes_ != nullptr, "the file is closed");
    bytes_.reset();
    return Status::Ok();
  }

 private:
  std::shared_ptr<Bytes> bytes_;
};

class MemoryFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<RandomAccessFile>> OpenForRead(const std::string& path) override {
    MutexLock lock(mutex_);
    const auto it = files_.find(path);
    if (it == files_.end()) return NotFound(StrCat("opening ", path, ": no such file"));
    return std::unique_ptr<RandomAccessFile>(
        std::make_unique<MemoryRandomAccessFile>(it->second, path));
  }

  Result<std::unique_ptr<WritableFile>> Create(const std::string& path) override {
    MutexLock lock(mutex_);
    return Open(path, std::make_shared<Bytes>());
  }

  Result<std::unique_ptr<WritableFile>> OpenForAppend(const std::string& path) override {
    MutexLock lock(mutex_);
    const auto it = files_.find(path);
    return Open(path, it == files_.end() ? std::make_shared<Bytes>() : it->second);
  }

  Status Rename(const std::string& from, const std::string& to) override {
    MutexLock lock(mutex_);
    const auto it = files_.find(from);
    if (it != files_.end()) {
      std::shared_ptr<Bytes> bytes = it->second;
      files_.erase(it);
      files_[to] = std::move(bytes);
      return Status::Ok();
    }
    return RenameDirectory(from, to);
  }

  Status CreateDirectories(const std::string& path) override {
    MutexLock lock(mutex_);
    directories_.insert(path);
    return Status::Ok();
  }

  Result<std::vector<std::string>> List(const std::string& directory) override {
    MutexLock lock(mutex_);
    const std::string prefix = JoinPath(directory, "");
    std::set<std::string> names;
    for (const auto& [path, bytes] : files_) AddChild(path, prefix, &names);
    for (const std::string& path : directories_) AddChild(path, prefix, &names);
    if (names.empty() && !IsDirectory(directory)) {
      return NotFound(StrCat("listing ", directory, ": no such directory"));
    }
    return std::vector<std::string>(names.begin(), names.end());
  }

  Status Remove(const std::string& path) override {
    MutexLock lock(mutex_);
    if (files_.erase(path) == 0) return NotFound(StrCat("removing ", path, ": no such file"));
    return Status::Ok();
  }

  Status RemoveRecursively(const std::string& path) override {
    MutexLock lock(mutex_);
    const std::string prefix = JoinPath(path, "");
    const auto below = [&](const std::string& p) { return p == path || p.starts_with(prefix); };
    std::erase_if(files_, [&](const auto& entry) { return below(entry.first); });
    std::erase_if(directories_, below);
    return Status::Ok();
  }

  bool Exists(const std::string& path) override {
    MutexLock lock(mutex_);
    return files_.contains(path) || IsDirectory(path);
  }

 private:
  std::unique_ptr<WritableFile> Open(const std::string& path, std::shared_ptr<Bytes> bytes)
      REQUIRES_LOCK(mutex_) {
    files_[path] = bytes;
    return std::make_unique<MemoryWritableFile>(std::move(bytes));
  }

  bool IsDirectory(const std::string& path) REQUIRES_LOCK(mutex_) {
    if (path == "." || path == "/" || directories_.contains(path)) return true;
    const std::string prefix = JoinPath(path, "");
    const auto file = files_.lower_bound(prefix);
    if (file != files_.end() && file->first.starts_with(prefix)) return true;
    const auto directory = directories_.lower_bound(prefix);
    return directory != directories_.end() && directory->starts_with(prefix);
  }

  Status RenameDirectory(const std::string& from, const std::string& to) REQUIRES_LOCK(mutex_) {
    if (!IsDirectory(from)) return NotFound(StrCat("renaming ", from, ": no such file"));
    const std::string prefix = JoinPath(from, ""), there = JoinPath(to, "");
    const auto first = files_.lower_bound(there);
    if (files_.contains(to) || (first != files_.end() && first->first.starts_with(there))) {
      return Internal(StrCat("renaming ", from, " to ", to, ": it is there, and not empty"));
    }
    std::map<std::string, std::shared_ptr<Bytes>> moved;
    for (const auto& [path, bytes] : files_) {
      moved[path.starts_with(prefix) ? JoinPath(to, path.substr(prefix.size())) : path] = bytes;
    }
    std::set<std::string> directories = {to};
    for (const std::string& path : directories_) {
      if (path == from) continue;
      directories.insert(path.starts_with(prefix) ? JoinPath(to, path.substr(prefix.size()))
                                                  : path);
    }
    files_ = std::move(moved);
    directories_ = std::move(directories);
    return Status::Ok();
  }

  // Adds the name under `prefix` that leads to `path`, if `path` is below it.
  static void AddChild(const std::string& path, const std::string& prefix,
                       std::set<std::string>* names) {
    if (!path.starts_with(prefix) || path.size() == prefix.size()) return;
    names->insert(path.substr(prefix.size(), path.find('/', prefix.size()) - prefix.size()));
  }

  Mutex mutex_;  // taken before any Bytes::mutex
  std::map<std::string, std::shared_ptr<Bytes>> files_ GUARDED_BY(mutex_);
  std::set<std::string> directories_ GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<FileSystem> NewMemoryFiles() { return std::make_unique<MemoryFileSystem>(); }

}  // namespace chorus
