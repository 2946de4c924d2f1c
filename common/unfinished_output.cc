#include "common/unfinished_output.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

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
    for (const UnfinishedOutput* const output : outputs_) {
      if (output->files_ == nullptr) continue;
      if (RemoveOne(*output->files_, output->path_)) removed.push_back(output->path_);
    }
    return removed;
  }
  std::vector<std::string> WrittenInPlace() const REQUIRES_LOCK(mutex_) {
    std::vector<std::string> names;
    for (const UnfinishedOutput* const output : outputs_) {
      if (output->files_ == nullptr) names.push_back(output->path_);
    }
    return names;
  }
  // Locks are freed last: with a lock, another process might begin to write what this one still
  // removes.
  void FreeLocks() REQUIRES_LOCK(mutex_) {
    for (const UnfinishedOutput* const output : outputs_) {
      if (output->lock_ != nullptr) output->lock_->reset();
    }
    outputs_.clear();
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

UnfinishedOutput::UnfinishedOutput(FileSystem& files, std::string path,
                                   std::unique_ptr<FileLock>* lock)
    : files_(&files), path_(std::move(path)), lock_(lock) {
  UnfinishedOutputs& all = UnfinishedOutputs::Instance();
  MutexLock held(all.mutex());
  all.Add(this);
}

UnfinishedOutput::UnfinishedOutput(std::string name) : path_(std::move(name)) {
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
  std::vector<std::string> removed = all.Remove();
  all.FreeLocks();
  return removed;
}

namespace {

[[noreturn]] void EndBySignal(int signal) {
  UnfinishedOutputs& all = UnfinishedOutputs::Instance();
  MutexLock held(all.mutex());  // until the process has ended
  const std::vector<std::string> removed = all.Remove(), in_place = all.WrittenInPlace();
  std::vector<std::string> told;
  if (!removed.empty()) {
    told.push_back(StrCat(Join(removed, " and "), " was unfinished and is removed"));
  }
  if (!in_place.empty()) {
    told.push_back(StrCat("what was written to ", Join(in_place, " and "), " is incomplete"));
  }
  if (!told.empty()) LogWarning("stopped by ", SignalName(signal), ": ", Join(told, "; "));
  all.FreeLocks();
  // The process ends by the signal itself: a shell ends a loop of commands at Ctrl-C only if the
  // signal killed one of them.
  ::signal(signal, SIG_DFL);
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, signal);
  pthread_sigmask(SIG_UNBLOCK, &only, nullptr);
  raise(signal);
  constexpr int kShellsBase = 128;  // a shell's code for a signal, if it is ignored meanwhile
  _exit(kShellsBase + signal);
}

}  // namespace

void RemoveUnfinishedOnStopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
    if (!IsIgnored(signal)) sigaddset(&signals, signal);
  }
  // All threads that are started later inherit this mask, so that only the thread below gets the
  // signals.
  if (pthread_sigmask(SIG_BLOCK, &signals, nullptr) != 0) return;
  std::thread([signals] {
    int signal = 0;
    if (sigwait(&signals, &signal) == 0) EndBySignal(signal);
  }).detach();
}

}  // namespace chorus
