#include "common/write_lock.h"

#include <chrono>
#include <thread>
#include <utility>

#include "common/log.h"
#include "common/stop_signal.h"
#include "common/strings.h"

namespace chorus {
namespace {

constexpr std::chrono::milliseconds kPoll{50};

Status InUse(const std::string& what, const Status& held) {
  return FailedPrecondition(StrCat(what, ": another process writes here, and one may at a time (",
                                   held.message(),
                                   "): wait until it has ended, or give another place"));
}

Result<std::unique_ptr<FileLock>> Take(FileSystem& files, const std::string& what,
                                       const std::string& path, double wait_seconds) {
  const auto begin = std::chrono::steady_clock::now();
  bool told = false;
  while (true) {
    Result<std::unique_ptr<FileLock>> lock = files.Lock(path);
    if (lock.ok()) return lock;
    if (lock.status().code() != Code::kFailedPrecondition) return lock.status().Annotate(what);
    const std::chrono::duration<double> waited = std::chrono::steady_clock::now() - begin;
    if (waited.count() >= wait_seconds || StopSignal() != 0) return InUse(what, lock.status());
    if (!std::exchange(told, true)) {
      LogInfo(what, ": ", lock.status().message(), "; waiting up to ", wait_seconds,
              " s for it to end");
    }
    std::this_thread::sleep_for(kPoll);
  }
}

}  // namespace

Result<std::unique_ptr<FileLock>> LockFolder(FileSystem& files, const std::string& folder,
                                             double wait_seconds) {
  return Take(files, folder, JoinPath(folder, kFolderLockName), wait_seconds);
}

Result<std::unique_ptr<FileLock>> LockOutput(FileSystem& files, const std::string& output,
                                             double wait_seconds) {
  return Take(files, output, LockNameOf(output), wait_seconds);
}

std::string LockNameOf(const std::string& output) { return output + ".lock"; }

}  // namespace chorus
