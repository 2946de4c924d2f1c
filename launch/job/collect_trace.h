#pragma once
// The parts of a trace from all ranks of a job under MPI (job_trace.h). Thread safety: the
// communicator's.

#include <functional>
#include <vector>

#include "common/status.h"
#include "launch/job/job_trace.h"
#include "launch/job/mpi_world.h"
#include "launch/job/places.h"

namespace chorus::launch {

// Every rank calls it, and rank 0 gets the parts. own() is called once all ranks have come: servers
// wait for that as long as workers train. give_up: ends that wait, see Communicator::BarrierUntil.
// places: [rank].
Result<CollectedTrace> CollectTrace(Communicator& all, const std::vector<Place>& places,
                                    const std::function<bool()>& give_up,
                                    const std::function<TracePart()>& own);

}  // namespace chorus::launch
