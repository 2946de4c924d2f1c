#include "common/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <thread>
#include <utility>

#include "common/log.h"
#include "common/process_name.h"
#include "common/strings.h"

namespace chorus {
namespace {

// Everybody who may write in the folder may take over the file of a killed process.
constexpr mode_t kMode = 0666;

// An attempt fails only if a holder ends in the very moment between our open and our lock.
constexpr int kMostTries = 1000;

// The open file still has its name: nobody removed it before we had its lock.
bool IsNamed(int file, const std::string& path) {
  struct stat opened, named;
  return fstat(file, &opened) == 0 && stat(path.c_str(), &named) == 0 &&
         opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

// "" while the holder has not written it, or its file system keeps others from reading.
std::string NameIn(int file) {
  char text[512];
  const ssize_t bytes = pread(file, text, sizeof(text), 0);
  const std::string_view name(text, static_cast<size_t>(std::max<ssize_t>(bytes, 0)));
  return std::string(name.substr(0, name.find('\n')));
}

// While the lock is held nobody else removes the file, or makes another of this name. It may be
// lost all the same, with its host's connection to a shared file system: then the file belongs to
// the next holder, who has written his name into it, or has made another file of this name.
class HeldLock final : public FileLock {
 public:
  HeldLock(int file, std::string path) : file_(file), path_(std::move(path)) {}
  ~HeldLock() override {
    if (IsNamed(file_, path_) && NameIn(file_) == name_) unlink(path_.c_str());
    close(file_);
  }
  HeldLock(const HeldLock&) = delete;
  HeldLock& operator=(const HeldLock&) = delete;

  // The lock holds without the name, too, but then nobody is told who has it.
  void WriteName() {
    const std::string name = ProcessName() + "\n";
    if (ftruncate(file_, 0) == 0) (void)!pwrite(file_, name.data(), name.size(), 0);
    name_ = NameIn(file_);
  }

 private:
  const int file_;
  const std::string path_;
  std::string name_;  // as the file has it
};

Status Refusal(int file, const std::string& path) {
  std::string name = NameIn(file);
  for (int tries = 0; name.empty() && tries < 20; ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    name = NameIn(file);
  }
  return FailedPrecondition(StrCat(
      "held by ", name.empty() ? "a process that does not say which" : name, ", lock file ", path));
}

Status OpenError(const std::string& path, int error) {
  if (error == EACCES) {
    return Internal(
        StrCat("creating ", path, ": you have no permission to write in ", DirectoryOf(path)));
  }
  if (error == ENOENT || error == ENOTDIR) {
    return NotFound(StrCat("creating ", path, ": there is no directory ", DirectoryOf(path)));
  }
  return Internal(StrCat("creating ", path, ": ", std::strerror(error)));
}

// Opens for writing if that is allowed: an exclusive lock over NFS needs it. The file of another
// user's killed process can only be read.
int OpenLockFile(const std::string& path) {
  constexpr int kFlags = O_CLOEXEC | O_NOFOLLOW;
  int file = open(path.c_str(), O_RDWR | O_CREAT | kFlags, kMode);
  if (file >= 0 || errno != EACCES) return file;
  file = open(path.c_str(), O_RDONLY | kFlags);
  // There is no file, and none may be made: the first of the two reasons is reported.
  if (file < 0 && errno == ENOENT) errno = EACCES;
  return file;
}

// 0, or errno. A process that only looks (IsLocked) holds a lock for a moment; by further attempts
// this is told from a writer's lock.
int LockAlone(int file) {
  constexpr int kLooks = 100;
  constexpr std::chrono::milliseconds kBetween{1};
  for (int look = 1;; ++look) {
    if (flock(file, LOCK_EX | LOCK_NB) == 0) return 0;
    if (errno != EWOULDBLOCK || look == kLooks) return errno;
    std::this_thread::sleep_for(kBetween);
  }
}

// One attempt; nothing if the file lost its name between our open and our lock.
Result<std::optional<std::unique_ptr<FileLock>>> Try(const std::string& path) {
  using Taken = std::optional<std::unique_ptr<FileLock>>;
  const int file = OpenLockFile(path);
  if (file < 0) return OpenError(path, errno);
  const int error = LockAlone(file);
  if (error == EWOULDBLOCK) {
    Status refusal = Refusal(file, path);
    close(file);
    return refusal;
  }
  if (!IsNamed(file, path)) {
    close(file);
    return Taken();
  }
  if (error != 0) {
    LogWarning(path, " cannot be locked (", std::strerror(error),
               "): take care that no other process writes here");
  }
  auto lock = std::make_unique<HeldLock>(file, path);
  lock->WriteName();
  return Taken(std::move(lock));
}

}  // namespace

// A shared lock is refused only by a holder, and is given back with the file.
std::optional<bool> IsLocked(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (file < 0) return errno == ENOENT ? std::optional(false) : std::nullopt;
  const int error = flock(file, LOCK_SH | LOCK_NB) == 0 ? 0 : errno;
  close(file);
  if (error != 0 && error != EWOULDBLOCK) return std::nullopt;
  return error == EWOULDBLOCK;
}

Result<std::unique_ptr<FileLock>> TakeFileLock(const std::string& path) {
  for (int tries = 0; tries < kMostTries; ++tries) {
    ASSIGN_OR_RETURN(std::optional<std::unique_ptr<FileLock>> lock, Try(path));
    if (lock.has_value()) return std::move(*lock);
  }
  return Internal(StrCat("creating ", path, ": it is removed again and again"));
}

}  // namespace chorus
