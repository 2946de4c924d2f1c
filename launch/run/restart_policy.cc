#include "launch/run/restart_policy.h"

#include <algorithm>
#include <cmath>

#include "common/strings.h"
#include "launch/job/exit_code.h"

namespace chorus::launch {
namespace {

std::string WhatHappened(const TryEnd& end) {
  if (end.code == kExitStoppedBySignal) return "a signal stopped a rank, which saved";
  if (end.hosts_lost) return StrCat("exit code ", end.code, ", and a host does not answer");
  return StrCat("exit code ", end.code, ": a rank, host or network was lost");
}

}  // namespace

TryDecision RestartPolicy::After(const TryEnd& end) {
  constexpr double kFirstWait = 1, kLongestWait = 60;
  if (end.code == 0) return {.why = "done"};
  if (end.stop_requested) return {.why = StrCat("stopped, exit code ", end.code)};
  if (WouldComeAgain(end.code) && !end.hosts_lost) {
    return {.why = StrCat("exit code ", end.code, ": the same job would fail again")};
  }
  in_vain_ = end.progressed ? 1 : in_vain_ + 1;
  if (in_vain_ > max_restarts_) {
    return {.why = StrCat(WhatHappened(end), "; ", max_restarts_,
                          " restarts brought no newer checkpoint (--max-restarts)")};
  }
  const double wait = kFirstWait * std::exp2(std::min(in_vain_ - 1, 10u));
  return {.again = true, .why = WhatHappened(end), .wait_seconds = std::min(wait, kLongestWait)};
}

}  // namespace chorus::launch
