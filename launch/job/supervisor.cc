#include "launch/job/supervisor.h"

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <thread>
#include <utility>

#include "common/check.h"
#include "common/log.h"
#include "common/shortage.h"
#include "launch/job/exit_code.h"
#include "launch/job/peer_ranks.h"

namespace chorus::launch {
namespace {

void Sleep(double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); }

}  // namespace

Supervisor::Supervisor(MpiWorld* world, std::string role, double grace_seconds)
    : world_(world), role_(std::move(role)), grace_seconds_(grace_seconds) {}

void Supervisor::Fail(const Status& status) {
  CHECK(!status.ok(), "a failure without an error");
  static std::atomic<bool> failing = false;
  if (failing.exchange(true)) {
    while (true) Sleep(1);  // another thread ends this process
  }
  const bool alone = world_->all().size() == 1;
  std::string text = status.ToString();
  if (status.code() == Code::kDeadlineExceeded && text.find("(process ") == std::string::npos) {
    // The error may name only workers that did not come; the system knows which process is stopped.
    const std::string stuck = StuckRanksHere();
    if (!stuck.empty()) text += "; " + stuck;
  }
  if (IsConsequence(status.code()) && !alone) Sleep(grace_seconds_);
  LogError("rank ", world_->all().rank(), " (", role_, " on ", world_->node(), "): ", text);
  world_->Abort(ExitCodeOf(status));
  // g++ does not take a virtual function's word that it never returns.
  std::_Exit(ExitCodeOf(status));
}

void Supervisor::Run(const std::function<Status()>& work) {
  Status status;
  try {
    status = work();
  } catch (const std::exception& error) {
    status = StatusOfException(error);
  }
  if (!status.ok()) Fail(status);
}

}  // namespace chorus::launch
