#include "worker/steps/step_view.h"

#include <algorithm>
#include <cmath>

#include "common/config.h"
#include "common/strings.h"

namespace chorus::worker {
namespace {

constexpr uint64_t kViewRows = uint64_t{1} << 20, kViewBytes = uint64_t{256} << 20;
constexpr double kTolerated = 0.1;

uint64_t CeilOf(uint64_t dividend, uint64_t divisor) { return (dividend + divisor - 1) / divisor; }

// The largest that config.proto allows.
uint64_t MostWindow() {
  const auto* const field =
      DataConfig::descriptor()->FindFieldByNumber(DataConfig::kWindowBlocksFieldNumber);
  return static_cast<uint64_t>(field->options().GetExtension(allowed).max());
}

}  // namespace

uint32_t FittedWindow(const LogExtent& log, uint32_t grains_per_step) {
  const uint64_t lane_blocks = CeilOf(log.blocks, std::max(grains_per_step, 1u));
  const uint64_t windows =
      std::max({CeilOf(log.rows, kViewRows), CeilOf(log.bytes, kViewBytes), uint64_t{1}});
  // One more than an equal share: lanes differ by a block.
  return static_cast<uint32_t>(std::clamp<uint64_t>(
      CeilOf(lane_blocks, windows) + 1, Defaults<DataConfig>().window_blocks(), MostWindow()));
}

double DriftOfView(const std::vector<BlockInfo>& blocks, uint64_t view, uint32_t BlockInfo::*label,
                   uint32_t BlockInfo::*of) {
  const auto count = static_cast<double>(blocks.size());
  double rows = 0, positives = 0;
  for (const BlockInfo& block : blocks) {
    rows += block.*of;
    positives += block.*label;
  }
  if (blocks.size() < 2 || view >= blocks.size() || positives == 0 || positives == rows) return 0;
  const double rate = positives / rows;
  double chi_squared = 0;
  for (const BlockInfo& block : blocks) {
    const double expected = block.*of * rate;
    if (block.*of == 0) continue;
    chi_squared += (block.*label - expected) * (block.*label - expected) / (expected * (1 - rate));
  }
  // The variance of a block's count over that of independent exposures; 1 up to chance, which is
  // taken as three standard deviations.
  const double excess = chi_squared / (count - 1) - 1;
  if (excess < 3 * std::sqrt(2 / (count - 1))) return 0;
  const double of_block = excess * (1 - rate) / (rate * rows / count);  // variance / mean^2
  return std::sqrt(of_block / static_cast<double>(view) * (1 - static_cast<double>(view) / count));
}

std::string DoubtOfView(const std::vector<BlockInfo>& blocks, const TrainConfig& config) {
  if (config.data().order() != DataConfig::SHUFFLED) return "";
  const uint64_t view = uint64_t{config.data().window_blocks()} * config.step().grains_per_step();
  const double drift = config.data().rows() == DataConfig::CLICKED
                           ? DriftOfView(blocks, view, &BlockInfo::conversions, &BlockInfo::clicks)
                           : std::max(DriftOfView(blocks, view, &BlockInfo::clicks),
                                      DriftOfView(blocks, view, &BlockInfo::conversions));
  if (drift <= kTolerated) return "";
  return StrCat(
      "the log is sorted by something that its labels depend on, and a step is drawn from ", view,
      " of its ", blocks.size(), " blocks, whose rate varies by ", std::lround(100 * drift),
      " % from one part of an epoch to another: the last part decides what the model is "
      "calibrated to. A larger data.window_blocks (",
      config.data().window_blocks(),
      " now) takes memory and mends it, as does a text that is shuffled before its "
      "import");
}

}  // namespace chorus::worker
