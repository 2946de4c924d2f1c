#include "launch/gpu/gradient_sum.h"

#include <algorithm>

namespace chorus::gpu {

uint64_t CanonicalSumBytes(uint64_t floats, uint64_t nodes, uint32_t workers) {
  return (nodes + 1) * floats * sizeof(float) * (workers - 1) / workers;
}

uint64_t RingSumBytes(uint64_t floats, uint32_t workers) {
  return 2 * floats * sizeof(float) * (workers - 1) / workers;
}

SumBytes BytesOf(const GradientSum& sum) {
  SumBytes bytes;
  if (sum.workers <= 1) return bytes;
  const double of_host = std::min(sum.of_host, sum.workers);
  bytes.sent =
      static_cast<double>(sum.canonical ? CanonicalSumBytes(sum.floats, sum.nodes, sum.workers)
                                        : RingSumBytes(sum.floats, sum.workers));
  if (sum.canonical) {
    const double away = bytes.sent * (sum.workers - of_host) / (sum.workers - 1);
    bytes.inside = bytes.sent - away;
    bytes.host_away = of_host * away;
  } else {
    // If a host has one worker, nothing stays inside.
    bytes.inside = of_host > 1 ? bytes.sent : 0;
    bytes.host_away = sum.workers > sum.of_host ? bytes.sent : 0;
  }
  return bytes;
}

double SumSeconds(const GradientSum& sum, double link_bytes_s, double host_bytes_s) {
  if (sum.workers <= 1) return 0;
  const SumBytes bytes = BytesOf(sum);
  const double starts = assumed::kSumSeconds * static_cast<double>(sum.buckets);
  return starts + std::max(bytes.inside / (link_bytes_s * assumed::kLinkShare),
                           bytes.host_away / (host_bytes_s * assumed::kNetworkShare));
}

}  // namespace chorus::gpu
