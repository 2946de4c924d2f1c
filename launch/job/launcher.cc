#include "launch/job/launcher.h"

#include <cstdlib>

#include "common/strings.h"

namespace chorus::launch {
namespace {

// Set to the number of processes: by Open MPI's mpirun, by Hydra and srun --mpi=pmi2, by MVAPICH,
// by srun in each task of a step. Open MPI starts its daemons by srun, so that ranks may have both.
constexpr const char* kSizes[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MV2_COMM_WORLD_SIZE",
                                  "SLURM_STEP_NUM_TASKS"};
// Set by launchers whose ranks MPI can tell: Open MPI's mpirun, MPICH's (Hydra), PMIx (srun
// --mpi=pmix too), PMI of srun.
constexpr const char* kKnown[] = {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK"};

}  // namespace

Variables Environment() {
  return [](const char* name) -> std::string {
    const char* const value = std::getenv(name);
    return value == nullptr ? "" : value;
  };
}

bool KnowsLauncher(const Variables& variables) {
  for (const char* name : kKnown) {
    if (!variables(name).empty()) return true;
  }
  return false;
}

uint32_t LaunchedProcesses(const Variables& variables) {
  for (const char* name : kSizes) {
    const std::optional<uint64_t> size = ParseUint64(variables(name));
    if (size.has_value()) return static_cast<uint32_t>(*size);
  }
  return 1;
}

Status RefuseLoneProcess(const Variables& variables, uint32_t world) {
  const uint32_t processes = LaunchedProcesses(variables);
  if (world > 1 || processes <= 1) return Status::Ok();
  const bool by_slurm =
      variables("OMPI_COMM_WORLD_SIZE").empty() && !variables("SLURM_STEP_NUM_TASKS").empty();
  return FailedPrecondition(StrCat(
      "the launcher started ", processes,
      " processes, but MPI knows of this one alone: each would "
      "run the whole job in the same folders; ",
      by_slurm
          ? "start it with `srun --mpi=pmix` (`srun --mpi=list` shows what there is), or with "
            "`mpirun` inside the allocation (tasks that are meant to be jobs of their own: `env -u "
            "SLURM_STEP_NUM_TASKS`)"
          : "start it with Open MPI's own `mpirun` (mpirun --version), or with `srun "
            "--mpi=pmix`"));
}

std::string AllocationDoubt(const Variables& variables) {
  const uint64_t tasks = ParseUint64(variables("SLURM_NTASKS")).value_or(1);
  if (tasks <= 1 || KnowsLauncher(variables)) return "";
  return StrCat("this is one process in an allocation of Slurm for ", tasks,
                " tasks; `srun --mpi=pmix` or `mpirun` would use them all");
}

}  // namespace chorus::launch
