#pragma once
// What this machine knows about the job's ranks when one of them does not come: a stopped process
// answers nobody, and only the system still knows of it.
// Thread safety: any thread.

#include <cstdint>
#include <optional>
#include <string>

namespace chorus::launch {

// This process's rank, and the number of ranks, as its launcher (Open MPI, PMIx, srun) set them;
// nothing without a launcher.
std::optional<uint32_t> RankOfLauncher();
std::optional<uint32_t> RanksOfLauncher();

// "rank 1 (process 4711 on node7) is stopped", for each rank of this process's job on this machine
// that is stopped or waits for a disk; "" when there is none.
std::string StuckRanksHere();

}  // namespace chorus::launch
