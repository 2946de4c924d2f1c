#pragma once
// The deadline of a call that takes none, MPI_Init and its kind: when it has not returned in time,
// the process says what it waited for, who of the ranks on this machine is stuck, and ends with the
// exit code of a lost rank, which ends the job.
// Thread safety: one thread.

#include <memory>
#include <string>

namespace chorus::launch {

class Watchdog {
 public:
  // what: the call. seconds: from now on.
  Watchdog(std::string what, double seconds);
  ~Watchdog();  // it has returned
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  class Watch;
  std::unique_ptr<Watch> watch_;  // null: no thread is to be had for it
};

}  // namespace chorus::launch
