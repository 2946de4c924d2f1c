#pragma once
// Decides whether a job that has ended is started again, and after how long.
// Thread safety: one thread.

#include <cstdint>
#include <string>

namespace chorus::launch {

// How a try ended.
struct TryEnd {
  int code = 0;                 // the launcher's: one of exit_code.h, or one of its own
  bool stop_requested = false;  // this process was asked to stop
  bool progressed = false;      // there is a newer checkpoint than at the try's start
  bool hosts_lost = false;      // WouldComeAgain is true, but a host does not answer
};

struct TryDecision {
  bool again = false;
  std::string why;          // for a line of the log
  double wait_seconds = 0;  // before it is started again
};

class RestartPolicy {
 public:
  // max_restarts: how many may follow each other without a newer checkpoint.
  explicit RestartPolicy(uint32_t max_restarts) : max_restarts_(max_restarts) {}

  TryDecision After(const TryEnd& end);

 private:
  const uint32_t max_restarts_;
  uint32_t in_vain_ = 0;  // tries since the last progress
};

}  // namespace chorus::launch
