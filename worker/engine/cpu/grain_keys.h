#pragma once
// Which of a worker's keys one grain holds: its keys are marked one by one, then listed in
// ascending order, each with its rank in the list. Memory is kept from grain to grain.
// Thread safety: none.

#include <cstdint>
#include <vector>

namespace chorus::worker {

class GrainKeys {
 public:
  void Mark(const std::vector<uint32_t>& positions);
  // Lists what was marked since the last call in ascending order, and forgets the marks.
  void ListMarked(std::vector<uint32_t>* positions);
  // ranks()[position]: place in the last list. Meaningful for listed positions only.
  const uint32_t* ranks() const { return ranks_.data(); }

 private:
  std::vector<uint64_t> marks_;  // a bit per position
  std::vector<uint32_t> ranks_;
};

}  // namespace chorus::worker
