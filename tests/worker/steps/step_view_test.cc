// The part of a log that a step is drawn from: how large it is made, and when it is too small.

#include "worker/steps/step_view.h"

#include <gmock/gmock.h>

#include <random>

#include "common/config.h"
#include "worker/steps/training_data.h"

namespace chorus::worker {
namespace {

using ::testing::HasSubstr;

constexpr uint32_t kBlockRows = 2048;
constexpr uint32_t kGrains = 8;

LogExtent Extent(uint64_t rows, uint64_t row_bytes, uint64_t block_rows = kBlockRows) {
  return {rows, (rows + block_rows - 1) / block_rows, rows * row_bytes};
}

TEST(FittedWindow, HoldsTheWholeLogUpToAMillionExposures) {
  for (const uint64_t block_rows : {64, 2048, 100'000}) {
    for (const uint64_t rows : {1, 50'000, 200'000, 1'000'000}) {
      const LogExtent log = Extent(rows, 100, block_rows);
      const uint32_t window = FittedWindow(log, kGrains);
      EXPECT_GE(window * kGrains, log.blocks) << rows << " of " << block_rows;
      EXPECT_LE(window * kGrains, std::max<uint64_t>(log.blocks + 2 * kGrains, 32)) << rows;
    }
  }
}

TEST(FittedWindow, OfLargerLogsHoldsAMillionExposuresOrAQuarterGiB) {
  const auto rows_in_view = [](const LogExtent& log) {
    return uint64_t{FittedWindow(log, kGrains)} * kGrains * kBlockRows;
  };
  EXPECT_NEAR(static_cast<double>(rows_in_view(Extent(200'000'000, 100))), 1 << 20, 40'000);
  EXPECT_NEAR(static_cast<double>(rows_in_view(Extent(200'000'000, 2048))), 1 << 17, 20'000);
  EXPECT_EQ(FittedWindow(Extent(200'000'000, 1'000'000), kGrains), 4u) << "no less";
}

// The last window of a lane is not a small one: a lane has an eighth of the blocks, or one less.
TEST(FittedWindow, CutsALaneIntoNearlyEqualWindows) {
  for (uint64_t rows = 1'000'000; rows < 10'000'000; rows += 777'777) {
    const LogExtent log = Extent(rows, 100);
    const uint64_t window = FittedWindow(log, kGrains);
    const uint64_t lane = log.blocks / kGrains;
    const uint64_t last = lane % window == 0 ? window : lane % window;
    EXPECT_GT(last, window * 2 / 3) << rows << " rows: " << lane << " blocks by " << window;
  }
}

// Blocks of a log sorted by user have click rates that vary by `spread`; of a shuffled one, 0.
std::vector<BlockInfo> Blocks(double rate, double spread, size_t count = 500) {
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal;
  std::vector<BlockInfo> blocks(count);
  for (BlockInfo& block : blocks) {
    block.rows = kBlockRows;
    const double p = std::clamp(rate * (1 + spread * normal(random)), 0.0, 1.0);
    block.clicks = std::binomial_distribution<uint32_t>(kBlockRows, p)(random);
    block.conversions = std::binomial_distribution<uint32_t>(block.clicks, 0.1)(random);
  }
  return blocks;
}

TEST(DriftOfView, IsThatOfTheBlocksOverTheRootOfTheirNumber) {
  const auto blocks = Blocks(0.05, 0.4);
  EXPECT_NEAR(DriftOfView(blocks, 25, &BlockInfo::clicks), 0.4 / 5 * std::sqrt(0.95), 0.008);
  EXPECT_EQ(DriftOfView(blocks, 500, &BlockInfo::clicks), 0) << "all of it";
  for (const double rate : {0.0, 0.001, 0.05, 1.0}) {
    EXPECT_EQ(DriftOfView(Blocks(rate, 0), 1, &BlockInfo::clicks), 0) << rate;
  }
  EXPECT_EQ(DriftOfView({}, 1, &BlockInfo::clicks), 0);
}

TrainConfig Config(const std::vector<std::string>& sets) {
  const auto config = LoadTrainConfig("", sets);
  EXPECT_TRUE(config.ok()) << config.status().ToString();
  return config.ok() ? *config : TrainConfig();
}

TEST(DoubtOfView, NamesTheWindowOfASortedLog) {
  const auto sorted = Blocks(0.05, 0.8);
  EXPECT_THAT(DoubtOfView(sorted, Config({"data.window_blocks=2"})),
              HasSubstr("depend on, and a step is drawn from 16 of its 500 blocks, whose "
                        "rate varies by "));
  EXPECT_EQ(DoubtOfView(sorted, Config({"data.window_blocks=40"})), "");
  EXPECT_EQ(DoubtOfView(sorted, Config({"data.window_blocks=1", "data.order=SEQUENTIAL"})), "");
  EXPECT_EQ(DoubtOfView(Blocks(0.05, 0), Config({"data.window_blocks=1"})), "");
}

// Eight grains: six blocks are plenty for one worker, and too few for two.
TEST(DoubtOfBlocks, IsSilentWhereEmptyGrainsCostNothing) {
  const TrainConfig config = Config({"step.grains_per_step=8"});
  EXPECT_EQ(DoubtOfBlocks(8, 2, config), "");
  EXPECT_EQ(DoubtOfBlocks(6, 1, config), "");
  EXPECT_THAT(DoubtOfBlocks(6, 2, config), HasSubstr("some workers have less to do. Write smaller "
                                                     "blocks (block_rows)"));
  EXPECT_THAT(DoubtOfBlocks(3, 1, config), HasSubstr("steps are smaller than is set. Write"));
  EXPECT_EQ(DoubtOfBlocks(3, 1, Config({"data.order=SEQUENTIAL"})), "");
}

}  // namespace
}  // namespace chorus::worker
