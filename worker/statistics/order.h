#pragma once
// The ascending order of scores, its runs of equal scores, and its lowest part. Thread safety: pure
// functions.

#include <algorithm>
#include <cstddef>
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

// The numbers, ascending, of the n / parts rows with the lowest scores; at least one row, if there
// is any. Among equal scores the row with the lower row id comes first, then the one with the lower
// number.  scores, row_id: [n]. REQUIRES: parts > 0.
inline std::vector<uint32_t> LowestPart(std::span<const double> scores,
                                        std::span<const uint64_t> row_id, uint32_t parts) {
  std::vector<uint32_t> rows(scores.size());
  if (rows.empty()) return rows;
  std::iota(rows.begin(), rows.end(), 0u);
  const size_t count = std::max<size_t>(rows.size() / parts, 1);
  std::nth_element(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(count - 1), rows.end(),
                   [&](uint32_t i, uint32_t j) {
                     if (scores[i] != scores[j]) return scores[i] < scores[j];
                     return row_id[i] != row_id[j] ? row_id[i] < row_id[j] : i < j;
                   });
  rows.resize(count);
  std::sort(rows.begin(), rows.end());
  return rows;
}

// Calls f(begin, end) for every maximal run order[begin .. end) of equal scores, in ascending
// order.
template <typename F>
void ForEachTie(std::span<const double> scores, std::span<const uint32_t> order, F f) {
  for (size_t begin = 0, end; begin < order.size(); begin = end) {
    end = begin + 1;
    while (end < order.size() && scores[order[end]] == scores[order[begin]]) ++end;
    f(begin, end);
  }
}

}  // namespace chorus::worker
