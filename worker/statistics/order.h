#pragma once
// The order of scores, and its runs of equal ones. Thread safety: pure functions.

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

namespace chorus::worker {

// Row numbers by ascending score; equal scores by row number.  [n] with n < 2^32.
inline std::vector<uint32_t> AscendingOrder(std::span<const double> scores) {
  std::vector<uint32_t> order(scores.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](uint32_t i, uint32_t j) {
    return scores[i] != scores[j] ? scores[i] < scores[j] : i < j;
  });
  return order;
}

// f(begin, end): order[begin, end) is a maximal run of equal scores; runs ascend.
template <typename F>
void ForEachTie(std::span<const double> scores, std::span<const uint32_t> order, F f) {
  for (size_t begin = 0, end; begin < order.size(); begin = end) {
    end = begin + 1;
    while (end < order.size() && scores[order[end]] == scores[order[begin]]) ++end;
    f(begin, end);
  }
}

}  // namespace chorus::worker
