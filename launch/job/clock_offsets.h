#pragma once
// How the steady clocks of ranks differ, so that what they recorded can be shown on one timeline.
// Ranks tell each other the time several times over MPI. A time that a rank hears was sent earlier, so each message
// bounds the difference of two clocks from one side, and the tightest bounds of all rounds give the difference with a
// certain bound of its error. A rank notes a time once it has heard everybody, and looks for messages now and then, so
// that the error grows with the slowest rank and with busy cores. Processes of a machine share its clock.
// Thread safety: the communicator's.

#include <cstdint>
#include <vector>

#include "common/status.h"
#include "launch/job/mpi_world.h"
#include "launch/job/places.h"

namespace chorus::launch {

struct ClockOffset {
  int64_t ns = 0;        // how far this rank's clock is ahead of rank 0's
  int64_t error_ns = 0;  // the true offset differs from ns by at most this
};

// The times of one rank in each round: when it began to tell, and when it had heard everybody.
struct ClockRounds {
  std::vector<int64_t> told_ns;   // [round]
  std::vector<int64_t> heard_ns;  // [round]
};

// [rank]. rounds: of each rank, on its own clock.
std::vector<ClockOffset> OffsetsOf(const std::vector<ClockRounds>& rounds);

// Every rank calls it, and gets the same. places: [rank].
Result<std::vector<ClockOffset>> MeasureClocks(Communicator& all, const std::vector<Place>& places);

}  // namespace chorus::launch
