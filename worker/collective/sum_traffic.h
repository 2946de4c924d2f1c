#pragma once
// What a sum of workers along the tree (tree_sum.h) sends: counted while it is done, and known
// beforehand from its sizes. Thread safety: values and pure functions.

#include <cstddef>
#include <cstdint>

namespace chorus::worker {

// Messages that a worker has sent to the others, and their bytes. What a worker receives differs:
// workers send a term for each subtree that they sum, some workers have more subtrees than others,
// and only the first workers own a share of a short vector. All workers together receive what all
// of them send.
struct SumTraffic {
  uint64_t messages = 0;
  uint64_t bytes = 0;

  SumTraffic& operator+=(const SumTraffic& other) {
    messages += other.messages;
    bytes += other.bytes;
    return *this;
  }
  friend bool operator==(const SumTraffic&, const SumTraffic&) = default;
};

// The part [begin, end) of n elements that a rank adds; it may be empty.
struct SumShare {
  size_t begin = 0;
  size_t end = 0;
  size_t size() const { return end - begin; }
};
// A share begins at a multiple of 16 elements: on a cache line, if the vector does. A short vector
// is cut into fewer shares: a message costs more than the addition of a few elements.
SumShare ShareOfSum(uint32_t rank, uint32_t ranks, size_t n);

// What `rank` of `ranks` sends in one sum of floats and doubles, of which it contributes the sums of
// `nodes` subtrees.
SumTraffic TrafficOfTreeSum(uint32_t rank, uint32_t ranks, uint32_t nodes, size_t floats,
                            size_t doubles);

}  // namespace chorus::worker
