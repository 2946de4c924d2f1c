#include "worker/cuda/tree_exchange.h"

#include <algorithm>

#include "common/tree.h"

namespace chorus::worker::cuda {
namespace {

// Slices begin at multiples of 128 bytes, a line of the device's memory.
constexpr int64_t kSliceFloats = 32;

}  // namespace

TreeExchange::TreeExchange(const DeviceCollectiveOptions& options)
    : rank_(options.rank), own_(options.terms) {
  // Terms are numbered by rank and, for each rank, in the order of its nodes. ReduceAlongTree gives
  // the additions of the canonical tree over these nodes, which may belong to different workers.
  std::vector<TreeNode> nodes;
  for (size_t rank = 0; rank < options.nodes.size(); ++rank) {
    if (rank == rank_) first_term_ = nodes.size();
    counts_.push_back(options.nodes[rank].size());
    nodes.insert(nodes.end(), options.nodes[rank].begin(), options.nodes[rank].end());
  }
  terms_ = nodes.size();
  ReduceAlongTree(nodes, options.grains, [&](uint32_t into, uint32_t from) {
    additions_.insert(additions_.end(), {into, from});
  });
}

Slice TreeExchange::SliceOf(size_t rank, int64_t n) const {
  // Equal slices, rounded up: the last ones may be short or empty.
  const auto workers = static_cast<int64_t>(counts_.size());
  const int64_t even = (n + workers - 1) / workers;
  const int64_t size = (even + kSliceFloats - 1) / kSliceFloats * kSliceFloats;
  const int64_t begin = std::min(n, static_cast<int64_t>(rank) * size);
  return {begin, std::min(n - begin, size)};
}

std::vector<NcclMessage> TreeExchange::ShareTerms(int64_t begin, int64_t n, float* received,
                                                  int64_t stride) const {
  // For two ranks the order of their messages is what matches sends to receives: both sides count
  // the sender's terms upwards.
  std::vector<NcclMessage> messages;
  const Slice mine = SliceOf(rank_, n);
  int64_t term = 0;
  for (size_t peer = 0; peer < counts_.size(); ++peer) {
    const int64_t first = term;
    term += static_cast<int64_t>(counts_[peer]);
    if (peer == rank_) continue;
    const int to = static_cast<int>(peer);
    const Slice theirs = SliceOf(peer, n);
    for (size_t i = 0; i < own_.size() && theirs.size > 0; ++i) {
      // NCCL does not write what it sends; NcclMessage has one pointer for both directions.
      float* const from = const_cast<float*>(own_[i]) + begin + theirs.begin;
      messages.push_back({true, to, from, static_cast<size_t>(theirs.size)});
    }
    for (int64_t t = first; t < term && mine.size > 0; ++t) {
      messages.push_back({false, to, received + t * stride, static_cast<size_t>(mine.size)});
    }
  }
  return messages;
}

std::vector<NcclMessage> TreeExchange::ShareSums(int64_t begin, int64_t n, float* sum) const {
  std::vector<NcclMessage> messages;
  const auto add = [&](bool is_send, size_t peer, const Slice& slice) {
    if (slice.size == 0) return;
    messages.push_back({is_send, static_cast<int>(peer), sum + begin + slice.begin,
                        static_cast<size_t>(slice.size)});
  };
  for (size_t peer = 0; peer < counts_.size(); ++peer) {
    if (peer == rank_) continue;
    add(true, peer, SliceOf(rank_, n));
    add(false, peer, SliceOf(peer, n));
  }
  return messages;
}

}  // namespace chorus::worker::cuda
