#pragma once
// Which blocks feed which lane in one epoch, and in which order. Computed from the log's index
// alone. Thread safety: pure functions.

#include <cstdint>
#include <vector>

#include "worker/log/grain_reader.h"

namespace chorus::worker {

// The number of rows of a block that are kept under ReadingOptions::rows and
// ReadingOptions::unclicked_conversion, by the block's index entry.
uint32_t KeptRows(const BlockInfo& block, const ReadingOptions& options);

// One stream of kept rows. Its blocks form windows of EpochLayout::window_blocks; window w holds
// the rows [window_begin[w], window_begin[w+1]) of the stream.
struct Lane {
  std::vector<uint32_t> blocks;
  std::vector<uint64_t> window_begin;  // [windows + 1]
  uint64_t rows() const { return window_begin.back(); }
};

struct EpochLayout {
  std::vector<Lane> lanes;  // SHUFFLED: one per grain; SEQUENTIAL: one for all grains
  uint64_t steps = 0;
  uint32_t window_blocks = 1;
};

EpochLayout MakeEpochLayout(const std::vector<BlockInfo>& blocks, const ReadingOptions& options,
                            uint64_t epoch);

}  // namespace chorus::worker
