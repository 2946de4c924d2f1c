#include "worker/synthetic/block_maker.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>

#include "tests/worker/synthetic/synthetic_testing.h"

namespace chorus::worker::testing {
namespace {

const SlotColumn& Slot(const LogSchema& schema, const Batch& batch, const std::string& name) {
  size_t context = 0, exposure = 0;
  for (const SlotInfo& slot : schema.slots) {
    const size_t index = slot.context ? context++ : exposure++;
    if (slot.name == name) return (slot.context ? batch.contexts : batch.exposures).slots[index];
  }
  ADD_FAILURE() << "no slot " << name;
  return batch.contexts.slots[0];
}

TEST(BlockMakerTest, RowsDoNotDependOnHowTheyAreCutIntoBlocks) {
  GenerateConfig config = SmallConfig();
  const BlockMaker large(SharedWorld(config));
  config.set_block_rows(512);
  const BlockMaker small(SharedWorld(config));
  GeneratedBlock whole, part;
  large.Make(3, &whole);
  for (uint32_t k = 0; k < 4; ++k) {
    small.Make(12 + k, &part);
    for (uint32_t i = 0; i < 512; ++i) {
      const uint32_t j = k * 512 + i;
      ASSERT_EQ(part.batch.row_id[i], whole.batch.row_id[j]);
      ASSERT_EQ(part.batch.click[i], whole.batch.click[j]);
      ASSERT_EQ(part.batch.time[i], whole.batch.time[j]);
      ASSERT_EQ(part.oracle[i].p_conv_do, whole.oracle[j].p_conv_do);
      for (size_t s = 0; s < part.batch.exposures.slots.size(); ++s) {
        ASSERT_EQ(part.batch.exposures.slots[s].keys[i], whole.batch.exposures.slots[s].keys[j]);
      }
      ASSERT_EQ(part.batch.contexts.slots[0].keys[part.batch.context_of[i]],
                whole.batch.contexts.slots[0].keys[whole.batch.context_of[j]]);
    }
  }
}

TEST(BlockMakerTest, ExposuresOfARequestShareOneContext) {
  const BlockMaker maker(SharedWorld(SmallConfig()));
  GeneratedBlock block;
  maker.Make(1, &block);
  const Batch& batch = block.batch;
  ASSERT_EQ(batch.rows(), 2048u);
  std::set<int64_t> requests(batch.time.begin(), batch.time.end());
  EXPECT_EQ(requests.size(), batch.contexts.rows);
  EXPECT_NEAR(2048.0 / batch.contexts.rows, 10.5, 1.0);
  for (uint32_t i = 1; i < batch.rows(); ++i) {
    ASSERT_EQ(batch.time[i] == batch.time[i - 1], batch.context_of[i] == batch.context_of[i - 1]);
    if (batch.time[i] == batch.time[i - 1]) {
      ASSERT_EQ(batch.group[i], batch.group[i - 1]);
    }
  }
}

TEST(BlockMakerTest, BatchHasTheShapeOfItsSchema) {
  const BlockMaker maker(SharedWorld(SmallConfig()));
  GeneratedBlock block;
  maker.Make(maker.blocks() - 1, &block);
  const Batch& batch = block.batch;
  EXPECT_EQ(batch.rows(), 20000u - 9 * 2048);
  EXPECT_EQ(batch.weight.size(), 0u);
  int one_hot = 0;
  for (const SlotInfo& slot : maker.schema().slots) {
    const SlotColumn& column = Slot(maker.schema(), batch, slot.name);
    const uint32_t rows = slot.context ? batch.contexts.rows : batch.exposures.rows;
    ASSERT_EQ(column.offsets.size(), rows + 1u) << slot.name;
    EXPECT_EQ(column.offsets.back(), column.keys.size());
    EXPECT_EQ(column.values.size(), slot.has_values ? column.keys.size() : 0u);
    if (!slot.multi_valued) {
      EXPECT_EQ(column.keys.size(), rows) << slot.name;
      ++one_hot;
    }
  }
  EXPECT_EQ(one_hot, 25);
}

TEST(BlockMakerTest, ConversionsAreClickedAndEqualThePotentialOnes) {
  const BlockMaker maker(SharedWorld(SmallConfig()));
  GeneratedBlock block;
  int clicks = 0, unclicked_potential = 0;
  for (uint64_t k = 0; k < maker.blocks(); ++k) {
    maker.Make(k, &block);
    for (uint32_t i = 0; i < block.batch.rows(); ++i) {
      const bool click = block.batch.click[i] != 0;
      const bool potential = block.potential_conversion[i] != 0;
      ASSERT_EQ(block.batch.conversion[i], click && potential);
      clicks += click;
      unclicked_potential += !click && potential;
    }
  }
  EXPECT_GT(clicks, 500);
  EXPECT_GT(unclicked_potential, 100);
}

TEST(BlockMakerTest, HistoryHoldsCountedCategories) {
  const BlockMaker maker(SharedWorld(SmallConfig()));
  GeneratedBlock block;
  maker.Make(0, &block);
  for (const char* name : {"109_14", "110_14", "127_14"}) {
    const SlotColumn& column = Slot(maker.schema(), block.batch, name);
    for (uint32_t c = 0; c < block.batch.contexts.rows; ++c) {
      double items = 0;
      std::set<Key> distinct;
      for (uint32_t k = column.offsets[c]; k < column.offsets[c + 1]; ++k) {
        const double count = std::exp(static_cast<double>(column.values[k])) - 1;
        ASSERT_NEAR(count, std::round(count), 1e-5);
        ASSERT_GE(std::round(count), 1);
        items += std::round(count);
        distinct.insert(column.keys[k]);
      }
      ASSERT_EQ(distinct.size(), column.offsets[c + 1] - column.offsets[c]);
      ASSERT_GE(items, 5);
      ASSERT_LE(items, 20);
    }
  }
}

TEST(BlockMakerTest, HistoryCanBeLeftOut) {
  GenerateConfig config = SmallConfig();
  config.set_history(false);
  const BlockMaker maker(SharedWorld(config));
  EXPECT_EQ(maker.schema().slots.size(), 25u);
  for (const SlotInfo& slot : maker.schema().slots) EXPECT_FALSE(slot.multi_valued);
}

TEST(BlockMakerTest, VocabularyIsThatOfTheWorld) {
  GenerateConfig config = SmallConfig();
  config.set_exposures(200000);
  config.set_history(false);
  const BlockMaker maker(SharedWorld(config));
  std::set<Key> keys;
  GeneratedBlock block;
  for (uint64_t k = 0; k < maker.blocks(); ++k) {
    maker.Make(k, &block);
    for (const FeatureColumns* side : {&block.batch.contexts, &block.batch.exposures}) {
      for (const SlotColumn& slot : side->slots) keys.insert(slot.keys.begin(), slot.keys.end());
    }
  }
  EXPECT_LT(keys.size(), 47500u);
  EXPECT_GT(keys.size(), 20000u);  // the tail of users has not come yet
}

TEST(BlockMakerTest, AnotherStreamIsAnotherLogOfTheSameWorld) {
  GenerateConfig config = SmallConfig();
  const BlockMaker first(SharedWorld(config));
  config.set_stream(1);
  const World& world = SharedWorld(config);
  const BlockMaker second(world);
  EXPECT_EQ(world.calibration().alpha_v, SharedWorld(SmallConfig()).calibration().alpha_v);
  GeneratedBlock a, b;
  first.Make(0, &a);
  second.Make(0, &b);
  EXPECT_NE(a.batch.group, b.batch.group);
  EXPECT_NE(a.batch.click, b.batch.click);
}

TEST(BlockMakerTest, LargeWorldsCostNoMoreMemoryAUser) {
  GenerateConfig config = SmallConfig();
  config.set_scale(10000);  // 300 million users
  const BlockMaker maker(SharedWorld(config));
  GeneratedBlock block;
  maker.Make(0, &block);
  std::set<uint64_t> users(block.batch.group.begin(), block.batch.group.end());
  EXPECT_GT(users.size(), 0.9 * block.batch.contexts.rows);
}

}  // namespace
}  // namespace chorus::worker::testing
