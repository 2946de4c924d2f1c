#include "common/unfinished_output.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "common/log.h"
#include "common/mutex.h"
#include "common/stop_signal.h"
#include "common/strings.h"

namespace chorus {

// All of this process. Its mutex is held while an output gets its name, and for good once what is
// unfinished is removed: whoever would finish or drop an output then waits for the process to end.
class UnfinishedOutputs {
 public:
  static UnfinishedOutputs& Instance() {
    static UnfinishedOutputs* const outputs = new UnfinishedOutputs();  // outlives all threads
    return *outputs;
  }

  Mutex& mutex() CHORUS_ATTRIBUTE(lock_returned(mutex_)) { return mutex_; }
  void Add(UnfinishedOutput* output) REQUIRES_LOCK(mutex_) { outputs_.push_back(output); }
  void Drop(UnfinishedOutput* output) REQUIRES_LOCK(mutex_) { std::erase(outputs_, output); }

  std::vector<std::string> Remove() REQUIRES_LOCK(mutex_) {
    std::vector<std::string> removed;
    for (UnfinishedOutput* const output : outputs_) {
      if (RemoveOne(output->files_, output->path_)) removed.push_back(output->path_);
      // This process still holds the lock: nobody else has made the file anew.
      if (!output->lock_.empty()) (void)output->files_.Remove(output->lock_);
    }
    outputs_.clear();
    return removed;
  }

 private:
  // Other threads go on writing into a folder while it is removed.
  static bool RemoveOne(FileSystem& files, const std::string& path) {
    constexpr int kMostTries = 50;
    constexpr std::chrono::milliseconds kBetween{20};
    bool was_there = false;
    for (int tries = 0; tries < kMostTries && files.Exists(path); ++tries) {
      if (tries > 0) std::this_thread::sleep_for(kBetween);
      was_there = true;
      (void)files.RemoveRecursively(path);
    }
    if (files.Exists(path)) LogWarning(path, " could not be removed: it is incomplete");
    return was_there && !files.Exists(path);
  }

  Mutex mutex_;
  std::vector<UnfinishedOutput*> outputs_ GUARDED_BY(mutex_);
};

UnfinishedOutput::UnfinishedOutput(FileSystem& files, std::string path, std::string lock)
    : files_(files), path_(std::move(path)), lock_(std::move(lock)) {
  UnfinishedOutputs& all = UnfinishedOutputs::Instance();
  MutexLock held(all.mutex());
  all.Add(this);
}

UnfinishedOutput::~UnfinishedOutput() {
  UnfinishedOutputs& all = UnfinishedOutputs::Instance();
  MutexLock held(all.mutex());
  all.Drop(this);
}

Status UnfinishedOutput::Finish(const std::function<Status()>& complete) {
  UnfinishedOutputs& all = UnfinishedOutputs::Instance();
  MutexLock held(all.mutex());
  const Status status = complete();
  if (status.ok()) all.Drop(this);
  return status;
}

std::vector<std::string> RemoveUnfinishedOutputs() {
  UnfinishedOutputs& all = UnfinishedOutputs::Instance();
  MutexLock held(all.mutex());
  return all.Remove();
}

namespace {

[[noreturn]] void EndBySignal(int signal) {
  UnfinishedOutputs& all = UnfinishedOutputs::Instance();
  MutexLock held(all.mutex());  // until the process has ended
  const std::vector<std::string> removed = all.Remove();
  LogWarning("stopped by ", SignalName(signal), ": ",
             removed.empty() ? "nothing was unfinished"
                             : StrCat(Join(removed, " and "), " was unfinished and is removed"));
  constexpr int kShellsBase = 128;
  _exit(kShellsBase + signal);
}

bool IsIgnored(int signal) {
  struct sigaction action = {};
  return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

void RemoveUnfinishedOnStopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT}) {
    if (!IsIgnored(signal)) sigaddset(&signals, signal);
  }
  // All threads that are started later inherit it: the one below alone gets them.
  if (pthread_sigmask(SIG_BLOCK, &signals, nullptr) != 0) return;
  std::thread([signals] {
    int signal = 0;
    if (sigwait(&signals, &signal) == 0) EndBySignal(signal);
  }).detach();
}

}  // namespace chorus
