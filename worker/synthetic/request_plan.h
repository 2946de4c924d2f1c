#pragma once
// Which exposures belong to a request. Requests come in cells of 20. The sizes of the requests of a
// cell are a permutation of 1 .. 20, so that a cell always has 210 exposures, and the request of an
// exposure is found by arithmetic, however far into a log it is. Thread safety: pure functions.

#include <cstdint>

namespace chorus::worker {

constexpr uint32_t kCellRequests = 20;
constexpr uint64_t kCellExposures = 210;

struct RequestSpan {
  uint64_t request = 0;
  uint64_t first_exposure = 0;
  uint32_t exposures = 0;
};

// The request that holds an exposure, in a stream of the world with this seed.
RequestSpan RequestOfExposure(uint64_t seed, uint64_t stream, uint64_t exposure);

}  // namespace chorus::worker
