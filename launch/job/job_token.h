#pragma once
// The secret of one job: who proves that he knows it may talk to the job's servers. Drawn by rank 0
// from the kernel's random source and handed to the other ranks through MPI; it never stands on a
// command line, in an environment or in a file. Thread safety: like the communicator's.

#include <string>

#include "common/status.h"
#include "launch/job/mpi_world.h"

namespace chorus::launch {

// 64 hexadecimal digits (32 random bytes), new at each call.
Result<std::string> NewJobToken();

// The same token on every rank of the group. Every rank calls it.
Result<std::string> ShareJobToken(Communicator& group);

}  // namespace chorus::launch
