// Frozen matrices: where they are among others, and what a job says about them.

#include <gtest/gtest.h>

#include "tests/worker/model/test_config.h"
#include "worker/layers/parameters.h"
#include "worker/model/trainable.h"

namespace chorus::worker {
namespace {

using Ranges = std::vector<std::pair<int64_t, int64_t>>;

Ranges PartsOf(const ParameterLayout& layout, uint32_t stage, bool trainable) {
  Ranges out;
  for (const ParameterRange& part : layout.PartsOfStage(stage, trainable)) {
    out.emplace_back(part.begin, part.end);
  }
  return out;
}

TEST(FrozenPartsTest, PartsOfAStageAreAsFewAsTheyCanBe) {
  ParameterLayout layout;
  const int64_t a = layout.AddMatrix({"a"}, 3, {5}, 3, 0);
  layout.AddMatrix({"b"}, 1, {5}, 0, 0);
  const int64_t c = layout.AddMatrix({"c", "d"}, 2, {4, 7}, 2, 0, false);
  const int64_t e = layout.AddMatrix({"e"}, 1, {1}, 0, 0);
  const int64_t f = layout.AddMatrix({"f"}, 1, {9}, 0, 1);
  EXPECT_EQ(PartsOf(layout, 0, true), (Ranges{{a, c}, {e, f}}));
  EXPECT_EQ(PartsOf(layout, 0, false), (Ranges{{c, e}}));
  EXPECT_EQ(PartsOf(layout, 1, true), (Ranges{{f, layout.size()}}));
  EXPECT_EQ(layout.OfStage(1).begin, f);
  EXPECT_TRUE(PartsOf(layout, 1, false).empty());
  EXPECT_TRUE(PartsOf(layout, 2, true).empty());
}

TEST(FrozenPartsTest, StatisticsOfFrozenLayersStay) {
  ParameterLayout layout;
  layout.AddMatrix({"w"}, 1, {2}, 1);
  layout.AddStatistics({"moves"}, {2}, 0);
  layout.AddStatistics({"stays"}, {2}, 0, false);
  std::vector<float> values(static_cast<size_t>(layout.size())), gradient(values.size(), 1.0f);
  layout.Initialize(1, values);
  const std::vector<float> before = values;
  layout.UpdateStatistics(0, 0.5, gradient, values);
  for (const ParameterBlock& block : layout.blocks()) {
    if (!block.name.ends_with(".mean")) continue;
    const float now = block.In(std::span<const float>(values))(0, 1);
    EXPECT_EQ(now, block.trainable ? 0.5f : 0.0f) << block.name;
  }
}

TEST(FrozenPartsTest, ARunFromNothingIsToldOfThem) {
  EXPECT_EQ(DoubtOfFrozen(TestConfig("")), "");
  EXPECT_EQ(DoubtOfFrozen(TestConfig("table { name: 'old' trainable: false } model { "
                                     "encoder { name: 'mix' trainable: false } "
                                     "tower { head: 'ctr' trainable: false } }")),
            "frozen parts keep their random initial values (table old, model.encoder mix, "
            "model.tower ctr): name the model that they come from in warm_start.checkpoint, or "
            "leave `trainable: false` out");
}

}  // namespace
}  // namespace chorus::worker
