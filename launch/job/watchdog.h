#pragma once
// A deadline for calls that take none, such as MPI_Init: when the call has not returned in time,
// the process says what it waited for and which ranks on this machine are stuck, and ends with the
// exit code for a lost rank, which ends the job.
// Thread safety: one thread.

#include <memory>
#include <string>

namespace chorus::launch {

class Watchdog {
 public:
  // what: the call's name, for the message. seconds: the deadline, from now on.
  Watchdog(std::string what, double seconds);
  ~Watchdog();  // the call has returned
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  class Watch;
  std::unique_ptr<Watch> watch_;  // null: the system gave no thread
};

}  // namespace chorus::launch
