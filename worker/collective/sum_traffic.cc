#include "worker/collective/sum_traffic.h"

#include <algorithm>

#include "worker/collective/tree_sum.h"

namespace chorus::worker {
namespace {

constexpr size_t kMinShare = 1024;

void AddVector(uint32_t rank, uint32_t ranks, uint32_t nodes, size_t n, size_t element_bytes,
               SumTraffic* traffic) {
  const size_t mine = ShareOfSum(rank, ranks, n).size();
  for (uint32_t peer = 0; peer < ranks; ++peer) {
    if (peer == rank) continue;
    const size_t theirs = ShareOfSum(peer, ranks, n).size();
    if (theirs > 0) {  // a term for each node
      traffic->messages += nodes;
      traffic->bytes += nodes * theirs * element_bytes;
    }
    if (mine > 0) {  // the sum
      traffic->messages += 1;
      traffic->bytes += mine * element_bytes;
    }
  }
}

}  // namespace

SumShare ShareOfSum(uint32_t rank, uint32_t ranks, size_t n) {
  const size_t even = (n + ranks - 1) / ranks;
  const size_t share = std::max(kMinShare, (even + 15) / 16 * 16);
  return {std::min(n, rank * share), std::min(n, (rank + 1) * share)};
}

SumTraffic TrafficOfTreeSum(uint32_t rank, uint32_t ranks, uint32_t nodes, size_t floats,
                            size_t doubles) {
  SumTraffic traffic{ranks - 1, (ranks - 1) * TreeSum::kHeaderBytes};
  AddVector(rank, ranks, nodes, floats, sizeof(float), &traffic);
  AddVector(rank, ranks, nodes, doubles, sizeof(double), &traffic);
  return traffic;
}

}  // namespace chorus::worker
