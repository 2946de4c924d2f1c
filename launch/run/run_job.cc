#include "launch/run/run_job.h"

#include <chrono>
#include <csignal>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "common/log.h"
#include "common/stop_signal.h"
#include "common/strings.h"
#include "common/write_lock.h"
#include "launch/job/child_process.h"
#include "launch/job/exit_code.h"
#include "launch/run/host_probe.h"
#include "launch/run/restart_policy.h"
#include "worker/train/checkpoint_store.h"

namespace chorus::launch {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kPoll = std::chrono::milliseconds(100);
constexpr double kIdleSeconds = 60;  // a launcher without a rank on this host
constexpr char kProgramName[] = "chorus";

// One try of the job.
class Try {
 public:
  explicit Try(std::unique_ptr<ChildProcess> launcher) : launcher_(std::move(launcher)) {}

  // The exit code of the launcher.
  int Wait() {
    while (true) {
      const std::optional<int> code = launcher_->Poll();
      if (code.has_value()) return *code;
      PassSignalOn();
      if (IsIdle()) {
        LogWarning("the launcher has no rank on this host any more and waits; it is ended");
        launcher_.reset();
        return kLost;
      }
      std::this_thread::sleep_for(kPoll);
    }
  }

 private:
  static constexpr int kLost = 128 + SIGKILL;

  // mpirun hands SIGUSR1 to all ranks, which save and end; SIGTERM would give them no time.
  void PassSignalOn() {
    if (told_ || StopSignal() == 0) return;
    told_ = true;
    LogInfo(SignalName(StopSignal()), ": the ranks are asked to save and to end");
    launcher_->Signal(SIGUSR1);
  }

  // mpirun may wait long for the daemon of a host that is lost when all ranks have given up. Where
  // no rank was on this host, nothing is known.
  bool IsIdle() {
    const Clock::time_point now = Clock::now();
    if (now < next_look_) return false;
    next_look_ = now + std::chrono::seconds(2);
    if (launcher_->HasChild(kProgramName)) {
      last_rank_ = now;
      return false;
    }
    return last_rank_.has_value() &&
           now - *last_rank_ > std::chrono::duration<double>(kIdleSeconds);
  }

  std::unique_ptr<ChildProcess> launcher_;
  bool told_ = false;
  Clock::time_point next_look_ = Clock::now();
  std::optional<Clock::time_point> last_rank_;
};

// false: a signal came.
bool Sleep(double seconds) {
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  while (Clock::now() < end && StopSignal() == 0) std::this_thread::sleep_for(kPoll);
  return StopSignal() == 0;
}

// The tries of a job.
class Tries {
 public:
  Tries(FileSystem& files, const RestartableJob& job)
      : files_(files), job_(job), policy_(job.max_restarts) {}

  Result<int> UntilDone() {
    ASSIGN_OR_RETURN(const std::string first, NewestCheckpoint());
    bool resumes = job_.resumes;
    while (true) {
      ASSIGN_OR_RETURN(const std::string before, NewestCheckpoint());
      // The job does not go on from a checkpoint that somebody else has left there, unless the user
      // says so.
      resumes = resumes || before != first;
      ASSIGN_OR_RETURN(TryEnd end, TryOnce(resumes));
      ASSIGN_OR_RETURN(const std::string after, NewestCheckpoint());
      end.progressed = after != before;
      end.stop_requested = StopSignal() != 0;
      const TryDecision decision = policy_.After(end);
      if (!decision.again) {
        if (end.code != 0) LogWarning(decision.why);
        return end.code;
      }
      LogWarning(decision.why, "; the job goes on from ", after.empty() ? "its first step" : after,
                 " in ", decision.wait_seconds, " s");
      if (!Sleep(decision.wait_seconds)) return end.code;
    }
  }

 private:
  // "" = there is none.
  Result<std::string> NewestCheckpoint() {
    ASSIGN_OR_RETURN(const std::optional<std::string> found,
                     worker::FindCheckpoint(files_, job_.checkpoint_directory));
    return found.value_or("");
  }

  Result<TryEnd> TryOnce(bool resumes) {
    std::vector<Host> hosts;
    if (!job_.hosts.empty()) {
      ASSIGN_OR_RETURN(hosts, HostsThatAnswer(job_.launcher, job_.hosts));
    }
    if (StopSignal() != 0) return TryEnd{.code = kExitStoppedBySignal};
    if (!job_.hosts.empty() && RanksOf(hosts) < job_.min_ranks) return TooFew(hosts);
    if (tries_ > 0 && !LastWriterHasEnded()) return TryEnd{.code = kExitUnavailable};
    ASSIGN_OR_RETURN(const int code, Start(hosts, resumes));
    ASSIGN_OR_RETURN(const bool lost, SomeAreLost(hosts, code));
    return TryEnd{.code = code, .hosts_lost = lost};
  }

  // Wrong names are found at the first try. Later the reason is a network that is down.
  Result<TryEnd> TooFew(std::span<const Host> hosts) {
    const std::string what =
        StrCat("the hosts that answer (", hosts.empty() ? "none" : HostOption(hosts),
               ") are not enough for the ", job_.min_ranks, " ranks that the job needs");
    if (tries_ == 0) return FailedPrecondition(what);
    LogWarning(what);
    return TryEnd{.code = kExitUnavailable};
  }

  // The lock of a rank on a lost host is freed only when the file system has noticed the loss.
  bool LastWriterHasEnded() {
    if (!files_.Exists(job_.checkpoint_directory)) return true;
    const auto lock = LockFolder(files_, job_.checkpoint_directory, job_.deadline_seconds);
    if (!lock.ok()) LogWarning(lock.status().message());
    return lock.ok();
  }

  Result<int> Start(std::span<const Host> hosts, bool resumes) {
    const uint32_t ranks = hosts.empty() ? job_.ranks : RanksOf(hosts);
    std::vector<std::string> words = LauncherWords(job_.launcher, hosts, ranks);
    words.insert(words.end(), job_.command.begin(), job_.command.end());
    if (resumes) words.insert(words.end(), job_.resume.begin(), job_.resume.end());
    LogInfo("try ", ++tries_, ": ", Join(words, " "));
    ASSIGN_OR_RETURN(auto launcher, ChildProcess::Start(words, ""));
    return Try(std::move(launcher)).Wait();
  }

  // Whether one of this try's hosts is gone, which may be why it failed. After other codes the job
  // is started again whatever the reason, and hosts are then asked in any case.
  Result<bool> SomeAreLost(std::span<const Host> hosts, int code) {
    if (!WouldComeAgain(code) || hosts.empty() || StopSignal() != 0) return false;
    ASSIGN_OR_RETURN(const std::vector<Host> left, HostsThatAnswer(job_.launcher, hosts));
    return left.size() < hosts.size();
  }

  FileSystem& files_;
  const RestartableJob& job_;
  RestartPolicy policy_;
  uint32_t tries_ = 0;
};

}  // namespace

Status RunUntilDone(FileSystem& files, const RestartableJob& job, int* exit_code) {
  ASSIGN_OR_RETURN(*exit_code, Tries(files, job).UntilDone());
  return Status::Ok();
}

}  // namespace chorus::launch
