#pragma once
// One row in memory, contiguous: header | weights float32 [dim] | optimizer state float32
// [state_floats].
// Thread safety: none; the thread that owns the row's shard makes every access.

#include <cstdint>

#include "common/key.h"

namespace chorus::ps {

struct RowHeader {
  Key key = 0;
  uint32_t count = 0;      // updates so far
  uint32_t last_step = 0;  // of the last update
  uint32_t cell = 0;       // scratch of GradientCombiner: a guess that it checks before use
  // The id of the last snapshot that has this row already, written or copied aside.
  uint32_t snapshot : 31 = 0;
  // The row came from a checkpoint: it is saved even without an update.
  uint32_t kept : 1 = 0;

  // Whether checkpoints have the row. A row that was only looked up can be made again, equal, from
  // its key: so nothing saves or shows it.
  bool saved() const { return count > 0 || kept != 0; }
  float* weights() { return reinterpret_cast<float*>(this + 1); }
  const float* weights() const { return reinterpret_cast<const float*>(this + 1); }
};
static_assert(sizeof(RowHeader) == 24);

struct RowLayout {
  uint32_t dim = 0;
  uint32_t state_floats = 0;

  uint32_t floats() const { return dim + state_floats; }
  // A multiple of 32: rows start on half cache lines, and small ones do not waste a whole line.
  uint32_t stride_bytes() const {
    return (static_cast<uint32_t>(sizeof(RowHeader)) + floats() * 4 + 31) / 32 * 32;
  }
};

// Prefetches the first `bytes` bytes of a row.
inline void PrefetchRow(const RowHeader* row, uint32_t bytes) {
  const char* start = reinterpret_cast<const char*>(row);
  for (uint32_t offset = 0; offset < bytes; offset += 64) __builtin_prefetch(start + offset);
}

}  // namespace chorus::ps
