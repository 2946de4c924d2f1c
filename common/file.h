#pragma once
// The seam to the file system: everything that Chorus reads back or promises to keep goes through
// it, so that tests can make disks fail. Paths are those of the operating system.
// Thread safety: many threads may use a FileSystem, and many may call ReadAt of one file; otherwise
// a file object belongs to one thread at a time.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"

namespace chorus {

class RandomAccessFile {
 public:
  virtual ~RandomAccessFile() = default;
  // Fills `out` from `offset` on. Errors: kDataLoss if the file ends earlier, kInternal if the read
  // fails.
  virtual Status ReadAt(uint64_t offset, std::span<std::byte> out) const = 0;
  virtual uint64_t size() const = 0;
};

class WritableFile {
 public:
  virtual ~WritableFile() = default;  // closes the file; what was not synced may be lost
  virtual Status Append(std::span<const std::byte> data) = 0;
  virtual Status Sync() = 0;   // returns when the data is on stable storage
  virtual Status Close() = 0;  // flushes, but does not sync; any call after it is a bug
};

// The right to write something (write_lock.h). It ends with the object or with its process, however
// the process ends.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual Result<std::unique_ptr<RandomAccessFile>> OpenForRead(const std::string& path) = 0;
  virtual Result<std::unique_ptr<WritableFile>> Create(const std::string& path) = 0;  // truncates
  virtual Result<std::unique_ptr<WritableFile>> OpenForAppend(const std::string& path) = 0;
  // Renames and syncs the directory: after it returns, a crash cannot bring the old name back.
  virtual Status Rename(const std::string& from, const std::string& to) = 0;
  virtual Status CreateDirectories(const std::string& path) = 0;
  virtual Result<std::vector<std::string>> List(const std::string& directory) = 0;  // names, sorted
  virtual Status Remove(const std::string& path) = 0;  // a file; kNotFound if absent
  virtual Status RemoveRecursively(const std::string& path) = 0;
  virtual bool Exists(const std::string& path) = 0;
  // A number that tells the file at `path` from every other one, under whatever name it has later;
  // 0: there is no file, or the file system cannot tell. This default is for file systems that
  // cannot.
  virtual uint64_t IdOf(const std::string& /*path*/) { return 0; }

  // Where the bytes of an output belong. in_place: it is a pipe, a device or the like, which is
  // written to and never replaced by a file.
  struct Target {
    std::string path;
    bool in_place = false;
  };
  // The target of an output named `path`; symbolic links are followed. This default is for file
  // systems that have only files and directories.
  virtual Result<Target> TargetOf(const std::string& path) { return Target{path, false}; }

  // Takes the lock that the file `path` represents; the file is made for it and removed with it.
  // Errors: kFailedPrecondition (somebody else has it; the message says who), kNotFound (no such
  // directory). Where the file system knows no locks, a warning says so. This default is for file
  // systems of one process: it grants everything.
  virtual Result<std::unique_ptr<FileLock>> Lock(const std::string& /*path*/) {
    return std::make_unique<FileLock>();
  }
};

FileSystem& PosixFiles();
// A file system in memory, for tests and benchmarks: Rename is atomic, and paths imply their
// directories.
std::unique_ptr<FileSystem> NewMemoryFiles();

Result<std::string> ReadWholeFile(FileSystem& files, const std::string& path);
// Writes a new file beside `path`, syncs it and renames it: at every moment `path` has the old
// bytes or the new ones. For files that are the program's own; what a user names is an OutputFile
// (output_file.h).
Status ReplaceFile(FileSystem& files, const std::string& path, std::string_view data);

std::string JoinPath(std::string_view directory, std::string_view name);
std::string DirectoryOf(std::string_view path);  // "." if there is none
std::string BaseName(std::string_view path);
std::string WithoutSlash(std::string path);  // at its end; "/" stays

// XXH3-64, the checksum of every file, frame and block.
uint64_t Checksum(std::span<const std::byte> data);
uint64_t Checksum(std::string_view data);

}  // namespace chorus
