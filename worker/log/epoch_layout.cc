#include "worker/log/epoch_layout.h"

#include <algorithm>
#include <queue>
#include <utility>

#include "common/random.h"

namespace chorus::worker {
namespace {

void CutWindows(const std::vector<BlockInfo>& blocks, const ReadingOptions& options,
                uint32_t window_blocks, Lane* lane) {
  lane->window_begin.assign(1, 0);
  uint64_t rows = 0;
  for (size_t i = 0; i < lane->blocks.size(); ++i) {
    rows += KeptRows(blocks[lane->blocks[i]], options);
    if ((i + 1) % window_blocks == 0 || i + 1 == lane->blocks.size()) {
      lane->window_begin.push_back(rows);
    }
  }
}

// Deals the permuted blocks, each to the lane with the fewest rows so far, and among equals to the
// one with the lowest number. Lanes come out nearly equal in length: an epoch has as many steps as
// its longest lane needs, and short lanes would leave grains of its last steps empty.
void DealBlocks(const std::vector<BlockInfo>& blocks, const ReadingOptions& options, uint64_t epoch,
                std::vector<Lane>* lanes) {
  using Load = std::pair<uint64_t, uint32_t>;  // rows, lane
  std::priority_queue<Load, std::vector<Load>, std::greater<Load>> loads;
  for (uint32_t lane = 0; lane < lanes->size(); ++lane) loads.push({0, lane});
  for (const uint32_t block : RandomPermutation(static_cast<uint32_t>(blocks.size()), options.seed,
                                                RandomPurpose::kBlockOrder, epoch, 0)) {
    const uint32_t kept = KeptRows(blocks[block], options);
    if (kept == 0) continue;  // no window may be empty: ReadRows finds windows by their rows
    const auto [rows, lane] = loads.top();
    loads.pop();
    (*lanes)[lane].blocks.push_back(block);
    loads.push({rows + kept, lane});
  }
}

}  // namespace

uint32_t KeptRows(const BlockInfo& block, const ReadingOptions& options) {
  if (options.rows == DataConfig::CLICKED) return block.clicks;
  if (options.unclicked_conversion == KEEP_UNCLICKED) return block.rows;
  return block.rows - block.unclicked_conversions;
}

EpochLayout MakeEpochLayout(const std::vector<BlockInfo>& blocks, const ReadingOptions& options,
                            uint64_t epoch) {
  EpochLayout layout;
  uint64_t rows_per_step = options.grain_rows;
  if (options.order == DataConfig::SEQUENTIAL) {
    layout.lanes.resize(1);
    for (uint32_t block = 0; block < blocks.size(); ++block) {
      if (KeptRows(blocks[block], options) > 0) layout.lanes[0].blocks.push_back(block);
    }
    rows_per_step *= options.grains_per_step;
    // Windows of one block: without shuffling, a window needs no more than one.
  } else {
    layout.lanes.resize(options.grains_per_step);
    layout.window_blocks = options.window_blocks;
    DealBlocks(blocks, options, epoch, &layout.lanes);
  }
  for (Lane& lane : layout.lanes) {
    CutWindows(blocks, options, layout.window_blocks, &lane);
    layout.steps = std::max(layout.steps, (lane.rows() + rows_per_step - 1) / rows_per_step);
  }
  return layout;
}

}  // namespace chorus::worker
