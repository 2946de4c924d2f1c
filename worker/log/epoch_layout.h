#pragma once
// Which blocks feed which lane in one epoch, in which order: computed from the log's index alone.
// Thread safety: pure functions.

#include <cstdint>
#include <vector>

#include "worker/log/grain_reader.h"

namespace chorus::worker {

// The rows of a block that policy and filter keep, by its index entry.
uint32_t KeptRows(const BlockInfo& block, const ReadingOptions& options);

// One stream of kept rows. Its blocks form windows; window w holds rows
// [window_begin[w], window_begin[w+1]).
struct Lane {
  std::vector<uint32_t> blocks;
  std::vector<uint64_t> window_begin;  // [windows + 1]
  uint64_t rows() const { return window_begin.back(); }
};

struct EpochLayout {
  std::vector<Lane> lanes;  // SHUFFLED: one a grain; SEQUENTIAL: one for all grains
  uint64_t steps = 0;
  uint32_t window_blocks = 1;
};

EpochLayout MakeEpochLayout(const std::vector<BlockInfo>& blocks, const ReadingOptions& options,
                            uint64_t epoch);

}  // namespace chorus::worker
