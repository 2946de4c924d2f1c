#include "common/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "common/log.h"
#include "common/strings.h"

namespace chorus {

Result<FolderLock> FolderLock::Take(const std::string& folder) {
  FolderLock lock(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (lock.file_ < 0) return Internal(StrCat("opening ", folder, ": ", std::strerror(errno)));
  if (flock(lock.file_, LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno == EWOULDBLOCK) {
    return FailedPrecondition(
        StrCat(folder, ": another process is working in this folder; wait until it has ended"));
  }
  LogWarning(folder, " cannot be locked (", std::strerror(errno),
             "): take care that no other process works in it");
  return lock;
}

FolderLock::~FolderLock() {
  if (file_ >= 0) close(file_);
}

}  // namespace chorus
