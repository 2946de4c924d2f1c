#pragma once
// Open MPI passes messages between the ranks of one machine through files in /dev/shm, which a
// container often keeps small: a rank that writes where no memory is left dies with SIGBUS.
// Thread safety: any thread.

#include <cstdint>
#include <optional>
#include <string>

namespace chorus::launch {

// Bytes; nothing where there is no /dev/shm.
std::optional<uint64_t> FreeSharedMemory();

// What is to be said of so much free shared memory and so many ranks on the machine; "" if it is
// enough.
std::string SharedMemoryDoubt(uint64_t free_bytes, uint32_t ranks);

// Warns, on the first rank of a machine, before MPI begins.
void WarnOfSharedMemory();

}  // namespace chorus::launch
