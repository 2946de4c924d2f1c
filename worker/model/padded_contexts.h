#pragma once
// Contexts of a grain are padded to a few numbers, so that the shapes of its products repeat.
// Thread safety: a pure function.

#include <algorithm>
#include <cstdint>

namespace chorus::worker {

// The number of contexts that n are computed as: 0, or 8, 12, 16, 24, 32, 48, ..., at most
// grain_rows. REQUIRES: n <= grain_rows.
inline int64_t PaddedContexts(int64_t n, int64_t grain_rows) {
  if (n == 0) return 0;
  int64_t size = 8;
  while (size < n) size = (size & (size - 1)) == 0 ? size / 2 * 3 : size / 3 * 4;
  return std::min(size, grain_rows);
}

}  // namespace chorus::worker
