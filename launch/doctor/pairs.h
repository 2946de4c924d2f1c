#pragma once
// Which hosts reach each other, with which latency and speed, over the transport and the addresses
// by which a job's workers reach its servers. Thread safety: the communicator's.

#include <cstdint>
#include <string>
#include <vector>

#include "common/status.h"
#include "common/transport.h"
#include "launch/doctor/finding.h"
#include "launch/job/mpi_world.h"
#include "launch/job/places.h"

namespace chorus::launch {

// The way from one host to another, as from a worker to a server.
struct PairSpeed {
  uint32_t from = 0;         // ranks
  uint32_t to = 0;           // equal to `from`: that rank cannot listen, as `error` says
  double latency_us = 0;     // median of an empty request and its reply
  double mb_per_second = 0;  // of large requests
  std::string error;         // "" when it was reached
};

// The settings that ranks need to reach each other.
struct PairTerms {
  std::string token;  // of all
  Protection protection = Protection::kEncryptedBetweenHosts;
  std::string listen_address;  // of this rank; "" where it would not serve
};

// Every rank calls it, with its own terms. One rank of each host takes part (with one host, the
// first two ranks); each pair is measured for `seconds`. Hosts that are not reached cost one wait
// of some seconds, all of them together. Error: the communicator's, when ranks do not answer.
Result<std::vector<PairSpeed>> MeasurePairs(MpiWorld* world, const std::vector<Place>& places,
                                            const PairTerms& terms, double seconds);

// places: of the ranks.
std::vector<Finding> JudgePairs(const std::vector<PairSpeed>& pairs,
                                const std::vector<Place>& places);

}  // namespace chorus::launch
