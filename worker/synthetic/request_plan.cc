#include "worker/synthetic/request_plan.h"

#include <vector>

#include "common/random.h"
#include "worker/synthetic/draw.h"

namespace chorus::worker {

RequestSpan RequestOfExposure(uint64_t seed, uint64_t stream, uint64_t exposure) {
  const uint64_t cell = exposure / kCellExposures;
  const std::vector<uint32_t> sizes =
      RandomPermutation(kCellRequests, seed, RandomPurpose::kWorld, kDrawRequestSizes,
                        Random(seed, RandomPurpose::kWorld, kDrawRequestSizes, stream, cell));
  RequestSpan span{cell * kCellRequests, cell * kCellExposures, sizes[0] + 1};
  for (uint32_t i = 1; exposure >= span.first_exposure + span.exposures; ++i) {
    span.request += 1;
    span.first_exposure += span.exposures;
    span.exposures = sizes[i] + 1;
  }
  return span;
}

}  // namespace chorus::worker
