#include "worker/engine/cpu/grain_keys.h"

#include <bit>
#include <cstddef>

namespace chorus::worker {

void GrainKeys::Mark(const std::vector<uint32_t>& positions) {
  for (uint32_t position : positions) {
    const size_t word = position / 64;
    if (word >= marks_.size()) marks_.resize(word + 1 + marks_.size() / 2);
    marks_[word] |= uint64_t{1} << (position % 64);
  }
}

void GrainKeys::ListMarked(std::vector<uint32_t>* positions) {
  positions->clear();
  if (ranks_.size() < marks_.size() * 64) ranks_.resize(marks_.size() * 64);
  for (size_t word = 0; word < marks_.size(); ++word) {
    for (uint64_t bits = marks_[word]; bits != 0; bits &= bits - 1) {
      const auto position = static_cast<uint32_t>(word * 64 + std::countr_zero(bits));
      ranks_[position] = static_cast<uint32_t>(positions->size());
      positions->push_back(position);
    }
    marks_[word] = 0;
  }
}

}  // namespace chorus::worker
