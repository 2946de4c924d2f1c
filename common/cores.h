#pragma once
// The cores of this machine, and those that this process may run on (mpirun and srun bind).
// Thread safety: any thread.

#include <cstdint>
#include <string>
#include <vector>

namespace chorus {

std::string CpuModel();                // "unknown" where the kernel does not say
uint32_t MachineCores();               // cores that are in use; at least 1
std::vector<uint32_t> AllowedCores();  // ascending; empty when the kernel does not say

// The number of threads that a user's number means: 0 stands for one per core of the machine.
uint32_t ThreadsOrCores(uint32_t threads);

}  // namespace chorus
