#pragma once
// Runs a job's work on the ranks it has: under mpirun or srun on all of them by role, otherwise in
// this process alone, with its servers embedded.
//   DEDICATED: ranks 0 .. servers-1 serve, the others work.   COLOCATED: every rank serves and
//   works.
// Thread safety: called once, from main's thread.

#include <functional>

#include "common/status.h"
#include "launch/commands.h"
#include "launch/local_cluster.h"

namespace chorus::launch {

// Gives the job's configuration; called on the first rank alone, the others get its result.
using ConfigSource = std::function<Result<TrainConfig>()>;

// `work` runs on every worker. Errors end the whole job (supervisor.h); in a single process they
// are returned.
Status RunJob(const ConfigSource& config, const WorkerMain& work);

}  // namespace chorus::launch
