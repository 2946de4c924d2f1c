#pragma once
// Open MPI passes messages between the ranks of one machine through files in /dev/shm, which a
// container often keeps small: a rank that writes where no memory is left dies with SIGBUS.
// Thread safety: any thread.

#include <cstdint>
#include <optional>
#include <string>

namespace chorus::launch {

// Free bytes of /dev/shm; nothing where there is none.
std::optional<uint64_t> FreeSharedMemory();

// The doubt about free_bytes of shared memory for `ranks` ranks on the machine; "" if it is enough.
std::string SharedMemoryDoubt(uint64_t free_bytes, uint32_t ranks);

// Logs that doubt as a warning, on the first rank of a machine, before MPI begins.
void WarnOfSharedMemory();

}  // namespace chorus::launch
