#pragma once
// How a job ends when a rank fails. The failing rank logs one line
//
//   rank 2 (worker 1 on node7): DataLoss: reading train.log: block 3: checksum differs
//
// and ends the whole job with the error's exit code (exit_code.h). A rank whose error likely
// follows from another rank's failure (a lost connection, a wait in vain, an abort) first waits for
// a grace period: the rank with the cause ends the job meanwhile, so that the user reads the cause,
// once.
// Thread safety: Fail from any thread; the first call wins and the others never return.

#include <functional>
#include <string>

#include "common/status.h"
#include "launch/job/mpi_world.h"

namespace chorus::launch {

class Supervisor {
 public:
  // role: "worker 1", "server 0", "server 0 and worker 0". `world` is kept by the caller.
  Supervisor(MpiWorld* world, std::string role, double grace_seconds = 5.0);

  // Reports the error of this rank and ends the job. REQUIRES: !status.ok().
  [[noreturn]] void Fail(const Status& status);

  // Runs the rank's work; an error, or an exception that a library let out, ends the job.
  void Run(const std::function<Status()>& work);

 private:
  MpiWorld* const world_;
  const std::string role_;
  const double grace_seconds_;
};

}  // namespace chorus::launch
