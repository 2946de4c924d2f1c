#pragma once
// The messages of a reproducible sum, and the order in which the owner of a slice adds terms. All
// workers derive the same plan from the same nodes. No arithmetic. Thread safety: const methods
// from any thread.

#include <cstdint>
#include <span>
#include <vector>

#include "worker/cuda/nccl_communicator.h"
#include "worker/device/device_collective.h"

namespace chorus::worker::cuda {

// Elements [begin, begin + size) of a bucket.
struct Slice {
  int64_t begin;
  int64_t size;
};

class TreeExchange {
 public:
  explicit TreeExchange(const DeviceCollectiveOptions& options);

  // The part of a bucket of n elements that `rank` owns; it may be empty.
  Slice SliceOf(size_t rank, int64_t n) const;
  int64_t longest_slice(int64_t n) const { return SliceOf(0, n).size; }

  size_t terms() const { return terms_; }            // of all workers
  size_t first_term() const { return first_term_; }  // number of this worker's first term
  size_t own_terms() const { return own_.size(); }
  const float* own_term(size_t i) const { return own_[i]; }
  // [additions, 2]: the term that is added to, and the term that is added, in order.
  const std::vector<uint32_t>& additions() const { return additions_; }

  // The messages that bring the terms of the bucket [begin, begin + n) to the owners of its slices.
  // This worker's own slice of term t arrives in received[t, :].    received: [terms, stride]
  std::vector<NcclMessage> ShareTerms(int64_t begin, int64_t n, float* received,
                                      int64_t stride) const;
  // The messages that bring the owners' sums of the bucket to all workers, into sum[begin ..].
  std::vector<NcclMessage> ShareSums(int64_t begin, int64_t n, float* sum) const;

 private:
  const size_t rank_;
  std::vector<size_t> counts_;  // [workers], of terms
  const std::vector<const float*> own_;
  size_t terms_ = 0;
  size_t first_term_ = 0;
  std::vector<uint32_t> additions_;
};

}  // namespace chorus::worker::cuda
