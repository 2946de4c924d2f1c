// The file system of the operating system.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "common/check.h"
#include "common/file.h"
#include "common/file_lock.h"
#include "common/key.h"
#include "common/log.h"
#include "common/shortage.h"
#include "common/strings.h"
#include "common/uri.h"

namespace chorus {
namespace {

Status PosixError(std::string_view what, const std::string& path, int error) {
  std::string message = StrCat(what, " ", path, ": ", std::strerror(error));
  if (error == ENOENT || error == ENOTDIR) return NotFound(std::move(message));
  if (error == ENOSPC || error == EDQUOT) return ResourceExhausted(std::move(message));
  if (error == EFBIG) return FileSizeShortage(StrCat(what, " ", path));
  if (IsFileShortage(error)) return FileShortage(StrCat(what, " ", path), error);
  return Internal(std::move(message));
}

// Owns a file descriptor.
class Descriptor {
 public:
  Descriptor(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  ~Descriptor() {
    if (fd_ >= 0 && ::close(fd_) != 0) {
      LogWarning("closing ", path_, ": ", std::strerror(errno));
    }
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int fd() const { return fd_; }
  const std::string& path() const { return path_; }
  // Linux frees the descriptor whatever close() returns: it is never closed twice.
  Status Close() {
    const int fd = fd_;
    fd_ = -1;
    if (::close(fd) != 0 && errno != EINTR) return PosixError("closing", path_, errno);
    return Status::Ok();
  }

 private:
  int fd_;
  std::string path_;
};

int OpenRetrying(const std::string& path, int flags) {
  int fd;
  do {
    fd = ::open(path.c_str(), flags | O_CLOEXEC, 0644);
  } while (fd < 0 && errno == EINTR);
  return fd;
}

class PosixRandomAccessFile final : public RandomAccessFile {
 public:
  PosixRandomAccessFile(int fd, const std::string& path, uint64_t size)
      : descriptor_(fd, path), size_(size) {}

  Status ReadAt(uint64_t offset, std::span<std::byte> out) const override {
    size_t done = 0;
    while (done < out.size()) {
      const ssize_t n = ::pread(descriptor_.fd(), out.data() + done, out.size() - done,
                                static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return PosixError("reading", descriptor_.path(), errno);
      if (n == 0) {
        return DataLoss(StrCat("reading ", descriptor_.path(), ": the file ends at byte ",
                               offset + done, ", expected ", offset + out.size(), " bytes"));
      }
      done += static_cast<size_t>(n);
    }
    return Status::Ok();
  }

  uint64_t size() const override { return size_; }

 private:
  Descriptor descriptor_;
  uint64_t size_;
};

class PosixWritableFile final : public WritableFile {
 public:
  PosixWritableFile(int fd, const std::string& path) : descriptor_(fd, path) {}

  Status Append(std::span<const std::byte> data) override {
    CHECK(descriptor_.fd() >= 0, descriptor_.path(), " is closed");
    while (!data.empty()) {
      const ssize_t n = ::write(descriptor_.fd(), data.data(), data.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return PosixError("writing", descriptor_.path(), errno);
      data = data.subspan(static_cast<size_t>(n));
    }
    return Status::Ok();
  }

  Status Sync() override {
    CHECK(descriptor_.fd() >= 0, descriptor_.path(), " is closed");
    // EINVAL, EROFS: a pipe or a device, which keeps nothing.
    if (::fsync(descriptor_.fd()) != 0 && errno != EINVAL && errno != EROFS) {
      return PosixError("syncing", descriptor_.path(), errno);
    }
    return Status::Ok();
  }

  Status Close() override {
    CHECK(descriptor_.fd() >= 0, descriptor_.path(), " is closed");
    return descriptor_.Close();
  }

 private:
  Descriptor descriptor_;
};

class PosixFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<RandomAccessFile>> OpenForRead(const std::string& path) override {
    RETURN_IF_ERROR(CheckIsLocal(path));
    const int fd = OpenRetrying(path, O_RDONLY);
    if (fd < 0) return PosixError("opening", path, errno);
    struct stat info;
    const int error = ::fstat(fd, &info) == 0 ? 0 : errno;
    auto file = std::make_unique<PosixRandomAccessFile>(
        fd, path, error == 0 ? static_cast<uint64_t>(info.st_size) : 0);
    if (error != 0) return PosixError("opening", path, error);
    if (!S_ISREG(info.st_mode)) return InvalidArgument(StrCat(path, " is not a file"));
    return std::unique_ptr<RandomAccessFile>(std::move(file));
  }

  Result<std::unique_ptr<WritableFile>> Create(const std::string& path) override {
    return OpenForWrite(path, O_TRUNC);
  }
  Result<std::unique_ptr<WritableFile>> OpenForAppend(const std::string& path) override {
    return OpenForWrite(path, O_APPEND);
  }

  Status Rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) {
      return PosixError(StrCat("renaming ", from, " to"), to, errno);
    }
    RETURN_IF_ERROR(SyncDirectory(DirectoryOf(to)));
    if (DirectoryOf(from) == DirectoryOf(to)) return Status::Ok();
    return SyncDirectory(DirectoryOf(from));
  }

  Status CreateDirectories(const std::string& path) override {
    RETURN_IF_ERROR(CheckIsWritable(path));
    std::error_code error;
    std::vector<std::string> made_in;  // directories that get a new name
    for (std::string at = path; !Exists(at) && at != "." && at != "/"; at = made_in.back()) {
      made_in.push_back(DirectoryOf(at));
    }
    std::filesystem::create_directories(path, error);
    if (error) return PosixError("creating directory", path, error.value());
    if (!std::filesystem::is_directory(path, error)) {
      return InvalidArgument(StrCat(path, " is not a directory"));
    }
    for (const std::string& directory : made_in) RETURN_IF_ERROR(SyncDirectory(directory));
    return Status::Ok();
  }

  Result<std::vector<std::string>> List(const std::string& directory) override {
    std::error_code error;
    std::vector<std::string> names;
    std::filesystem::directory_iterator it(directory, error);
    for (; !error && it != std::filesystem::directory_iterator(); it.increment(error)) {
      names.push_back(it->path().filename().string());
    }
    if (error) return PosixError("listing", directory, error.value());
    std::sort(names.begin(), names.end());
    return names;
  }

  Status Remove(const std::string& path) override {
    if (::unlink(path.c_str()) != 0) return PosixError("removing", path, errno);
    return Status::Ok();
  }

  Status RemoveRecursively(const std::string& path) override {
    std::error_code error;
    std::filesystem::remove_all(path, error);
    if (error) return PosixError("removing", path, error.value());
    return Status::Ok();
  }

  bool Exists(const std::string& path) override { return ::access(path.c_str(), F_OK) == 0; }

  // Of device and inode.
  uint64_t IdOf(const std::string& path) override {
    struct stat file = {};
    if (::stat(path.c_str(), &file) != 0) return 0;
    const uint64_t id = Mix(Mix(file.st_dev) ^ file.st_ino);
    return id == 0 ? 1 : id;
  }

  Result<Target> TargetOf(const std::string& path) override {
    RETURN_IF_ERROR(CheckIsWritable(path));
    struct stat named, meant;
    if (::lstat(path.c_str(), &named) != 0) return Target{path, false};
    const bool link = S_ISLNK(named.st_mode);
    // A link to nothing yet: opening it makes the file that it points to.
    if (::stat(path.c_str(), &meant) != 0) return Target{path, link};
    if (!S_ISREG(meant.st_mode)) return Target{path, !S_ISDIR(meant.st_mode)};
    if (!link) return Target{path, false};
    std::error_code error;
    const std::filesystem::path real = std::filesystem::canonical(path, error);
    if (error) return PosixError("following", path, error.value());
    return Target{real.string(), false};
  }

  Result<std::unique_ptr<FileLock>> Lock(const std::string& path) override {
    RETURN_IF_ERROR(CheckIsWritable(path));
    return TakeFileLock(path);
  }

 private:
  static Result<std::unique_ptr<WritableFile>> OpenForWrite(const std::string& path, int flag) {
    RETURN_IF_ERROR(CheckIsWritable(path));
    const int fd = OpenRetrying(path, O_WRONLY | O_CREAT | flag);
    if (fd < 0 && errno == ENOENT) {
      std::error_code none;
      const std::filesystem::path meant = std::filesystem::read_symlink(path, none);
      if (!meant.empty()) {
        return NotFound(StrCat("creating ", path, ": it is a link to ", meant.string(),
                               ", where there is no directory"));
      }
      return NotFound(StrCat("creating ", path, ": there is no directory ", DirectoryOf(path)));
    }
    if (fd < 0) return PosixError("creating", path, errno);
    return std::unique_ptr<WritableFile>(std::make_unique<PosixWritableFile>(fd, path));
  }

  // Makes the names in a directory durable.
  static Status SyncDirectory(const std::string& path) {
    const int fd = OpenRetrying(path, O_RDONLY | O_DIRECTORY);
    if (fd < 0) return PosixError("opening directory", path, errno);
    const Descriptor directory(fd, path);
    // EINVAL: some file systems have no fsync for directories and need none.
    if (::fsync(fd) != 0 && errno != EINVAL) return PosixError("syncing directory", path, errno);
    return Status::Ok();
  }
};

}  // namespace

FileSystem& PosixFiles() {
  static PosixFileSystem files;
  return files;
}

}  // namespace chorus
