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
#include "launch/job/child_process.h"
#include "launch/job/exit_code.h"
#include "launch/run/restart_policy.h"
#include "worker/train/checkpoint_store.h"

namespace chorus::launch {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kPoll = std::chrono::milliseconds(100);
constexpr double kProbeSeconds = 30;  // for a host to start a program
constexpr double kIdleSeconds = 60;   // a launcher without a rank on this host
constexpr char kProgramName[] = "chorus";

void Append(std::vector<std::string>* words, const std::vector<std::string>& more) {
  words->insert(words->end(), more.begin(), more.end());
}

// The launcher with the hosts and their ranks, before a command.
std::vector<std::string> Launch(const RestartableJob& plan, std::span<const Host> hosts,
                                uint32_t ranks) {
  std::vector<std::string> words = plan.launcher;
  if (!hosts.empty()) Append(&words, {"--host", HostOption(hosts)});
  Append(&words, {"-n", StrCat(ranks)});
  return words;
}

// Hosts on which the launcher can start a program. All are asked at once.
Result<std::vector<Host>> HostsThatAnswer(const RestartableJob& plan) {
  std::vector<std::unique_ptr<ChildProcess>> probes;
  for (const Host& host : plan.hosts) {
    std::vector<std::string> words = Launch(plan, std::span(&host, 1), 1);
    words.push_back("true");
    ASSIGN_OR_RETURN(auto probe, ChildProcess::Start(words, "/dev/null"));
    probes.push_back(std::move(probe));
  }
  std::vector<Host> answering;
  const auto end = Clock::now() + std::chrono::duration<double>(kProbeSeconds);
  for (size_t i = 0; i < probes.size(); ++i) {
    const double left = std::chrono::duration<double>(end - Clock::now()).count();
    const std::optional<int> code = probes[i]->Wait(left);
    if (code == 0) {
      answering.push_back(plan.hosts[i]);
      continue;
    }
    const std::string how = code.has_value() ? StrCat("fails (exit code ", *code, ")")
                                             : StrCat("takes over ", kProbeSeconds, " seconds");
    LogWarning(plan.hosts[i].name, " is left out: to start a program there ", how);
  }
  return answering;
}

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
class Run {
 public:
  Run(FileSystem& files, const RestartableJob& plan) : files_(files), plan_(plan) {}

  Result<int> UntilDone() {
    RestartPolicy policy(plan_.max_restarts);
    bool resumes = plan_.resumes;
    while (true) {
      ASSIGN_OR_RETURN(const std::string before, NewestCheckpoint());
      ASSIGN_OR_RETURN(std::vector<Host> hosts, ChooseHosts());
      if (StopSignal() != 0) return 128 + StopSignal();
      ASSIGN_OR_RETURN(const int code, TryOnce(hosts, resumes));
      ASSIGN_OR_RETURN(const std::string after, NewestCheckpoint());
      ASSIGN_OR_RETURN(const bool lost, SomeAreLost(hosts, code));
      const TryDecision decision = policy.After({.code = code,
                                                 .stop_requested = StopSignal() != 0,
                                                 .progressed = after != before,
                                                 .hosts_lost = lost});
      if (!decision.again) {
        if (code != 0) LogWarning(decision.why);
        return code;
      }
      LogWarning(decision.why, "; the job goes on from ", after.empty() ? "its first step" : after,
                 " in ", decision.wait_seconds, " s");
      if (!Sleep(decision.wait_seconds)) return code;
      resumes = !after.empty();
    }
  }

 private:
  // "" = there is none.
  Result<std::string> NewestCheckpoint() {
    ASSIGN_OR_RETURN(const std::optional<std::string> found,
                     worker::FindCheckpoint(files_, plan_.checkpoint_directory));
    return found.value_or("");
  }

  Result<std::vector<Host>> ChooseHosts() {
    if (plan_.hosts.empty()) return plan_.hosts;
    ASSIGN_OR_RETURN(std::vector<Host> hosts, HostsThatAnswer(plan_));
    if (SlotsOf(hosts) < plan_.min_ranks && StopSignal() == 0) {
      return Unavailable(StrCat("the hosts that answer (",
                                hosts.empty() ? "none" : HostOption(hosts), ") take ",
                                SlotsOf(hosts), " ranks, and the job needs ", plan_.min_ranks));
    }
    return hosts;
  }

  // Whether a host is gone that this try had, which may be why it failed. Other codes start the job
  // again whatever the reason, and hosts are then asked anyway.
  Result<bool> SomeAreLost(std::span<const Host> hosts, int code) {
    if (!WouldComeAgain(code) || hosts.empty() || StopSignal() != 0) return false;
    RestartableJob of_try = plan_;
    of_try.hosts.assign(hosts.begin(), hosts.end());
    ASSIGN_OR_RETURN(const std::vector<Host> left, HostsThatAnswer(of_try));
    return left.size() < hosts.size();
  }

  Result<int> TryOnce(std::span<const Host> hosts, bool resumes) {
    const uint32_t ranks = hosts.empty() ? plan_.ranks : SlotsOf(hosts);
    std::vector<std::string> words = Launch(plan_, hosts, ranks);
    Append(&words, plan_.command);
    if (resumes) Append(&words, plan_.resume);
    LogInfo("try ", ++tries_, ": ", Join(words, " "));
    ASSIGN_OR_RETURN(auto launcher, ChildProcess::Start(words, ""));
    return Try(std::move(launcher)).Wait();
  }

  FileSystem& files_;
  const RestartableJob& plan_;
  uint32_t tries_ = 0;
};

}  // namespace

Status RunUntilDone(FileSystem& files, const RestartableJob& plan, int* exit_code) {
  ASSIGN_OR_RETURN(*exit_code, Run(files, plan).UntilDone());
  return Status::Ok();
}

}  // namespace chorus::launch
