#include "launch/job/watchdog.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <utility>

#include "common/log.h"
#include "common/mutex.h"
#include "common/node_name.h"
#include "common/strings.h"
#include "common/thread.h"
#include "launch/job/exit_code.h"
#include "launch/job/peer_ranks.h"

namespace chorus::launch {
namespace {

[[noreturn]] void EndProcess(const std::string& what, double seconds) {
  const std::optional<uint32_t> rank = RankOfLauncher();
  const std::optional<uint32_t> ranks = RanksOfLauncher();
  const std::string who = rank.has_value() ? StrCat("rank ", *rank) : "this process";
  const std::string all = ranks.has_value() ? StrCat(" of ", *ranks) : "";
  const std::string stuck = StuckRanksHere();
  const Status status = DeadlineExceeded(
      StrCat(what, " waited ", seconds, " s in vain for other ranks; ",
             stuck.empty() ? StrCat("none of those on ", NodeName(), " is stopped") : stuck));
  LogError(who, all, " (on ", NodeName(), "): ", status.ToString());
  std::fflush(nullptr);
  std::_Exit(ExitCodeOf(status));
}

}  // namespace

class Watchdog::Watch {
 public:
  Watch(std::string what, double seconds) : what_(std::move(what)), seconds_(seconds) {}
  ~Watch() {
    {
      MutexLock lock(mutex_);
      returned_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  Status Start() {
    ASSIGN_OR_RETURN(thread_, StartThread("watchdog", what_, [this] { Wait(); }));
    return Status::Ok();
  }

 private:
  // In short pieces: time for which this process itself was stopped does not count.
  void Wait() {
    constexpr double kPiece = 0.25, kLongestPiece = 1;
    double waited = 0;
    MutexLock lock(mutex_);
    while (!returned_ && waited < seconds_) {
      const auto begin = std::chrono::steady_clock::now();
      changed_.wait_for(mutex_, std::chrono::duration<double>(std::min(kPiece, seconds_ - waited)));
      const std::chrono::duration<double> piece = std::chrono::steady_clock::now() - begin;
      waited += std::min(piece.count(), kLongestPiece);
    }
    if (!returned_) EndProcess(what_, seconds_);
  }

  const std::string what_;
  const double seconds_;
  Mutex mutex_;
  ConditionVariable changed_;
  bool returned_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

Watchdog::Watchdog(std::string what, double seconds)
    : watch_(std::make_unique<Watch>(std::move(what), seconds)) {
  const Status started = watch_->Start();
  if (started.ok()) return;
  LogWarning(started.ToString());
  watch_.reset();
}

Watchdog::~Watchdog() = default;

}  // namespace chorus::launch
