#pragma once
// What a launcher (mpirun, srun, PMI) says about this process in its environment, compared with the
// job that MPI finds. If a launcher starts several processes and their MPI does not know it (above
// all srun without PMIx), each of them would run the whole job, all in the same folders.
// Thread safety: pure functions; getenv's rules for those of the environment.

#include <cstdint>
#include <functional>
#include <string>

#include "common/status.h"

namespace chorus::launch {

// A variable's value; "" when it is not set.
using Variables = std::function<std::string(const char* name)>;
Variables Environment();

// Whether MPI has to be initialised to know the other ranks, because a launcher that MPI knows
// started this process.
bool KnowsLauncher(const Variables& variables);
// How many processes the launcher says that it started for this program; 1 without a launcher.
uint32_t LaunchedProcesses(const Variables& variables);

// Error: kFailedPrecondition, which says what to start instead, when the launcher started several
// processes and this one is alone in its job. world: ranks of the job; 1 without MPI.
Status RefuseLoneProcess(const Variables& variables, uint32_t world);

// The doubt about a plain process in an allocation of Slurm for several tasks; "" if there is none.
std::string AllocationDoubt(const Variables& variables);

}  // namespace chorus::launch
