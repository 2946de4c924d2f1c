#pragma once
// The first rank's next job, on every rank. Thread safety: none.

#include <optional>

#include "common/status.h"
#include "launch/job/job.h"
#include "launch/job/mpi_world.h"

namespace chorus::launch {

// Every rank calls it. `source` is called on the first one alone, on a thread of its own where there
// are others: it may read large files, and they are told every so often that it goes on.
// deadline_seconds: of every wait. Nothing: there is no more job. Errors: the source's, on the first
// rank; those of `all`; kInternal, the configuration did not arrive.
Result<std::optional<Job>> ShareJob(Communicator& all, const JobSource& source,
                                    double deadline_seconds);

}  // namespace chorus::launch
