#pragma once
// What a launcher (mpirun, srun, PMI) says of this process in its environment, held against the job
// that MPI finds. A launcher that starts several processes whose MPI does not know it, srun without
// PMIx above all, would run the whole job in each of them, all in the same folders.
// Thread safety: pure functions; getenv's rules for those of the environment.

#include <cstdint>
#include <functional>
#include <string>

#include "common/status.h"

namespace chorus::launch {

// A variable's value; "" when it is not set.
using Variables = std::function<std::string(const char* name)>;
Variables Environment();

// Whether MPI has to be started to know the other ranks: a launcher that it knows is there.
bool KnowsLauncher(const Variables& variables);
// How many processes the launcher says that it started for this program; 1 without a launcher.
uint32_t LaunchedProcesses(const Variables& variables);

// kFailedPrecondition, with what to start instead, when the launcher started several processes and
// this one is alone in its job. world: ranks of the job; 1 without MPI.
Status RefuseLoneProcess(const Variables& variables, uint32_t world);

// A doubt, "" if there is none: a plain process in an allocation of Slurm for several tasks.
std::string AllocationDoubt(const Variables& variables);

}  // namespace chorus::launch
