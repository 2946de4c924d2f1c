#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "tests/worker/engine/cpu/model_fixture.h"

namespace chorus::worker {
namespace {

// Stages out of the order of the groups: "late" trains last.
MethodShape ThreeStages() {
  MethodShape shape = ShapeOf({{"ctr", 0}, {"cvr", 1}, {"uncvr", 2}}, {"late", "first", "second"});
  shape.groups[0].stage = 2;
  shape.groups[2].stage = 1;
  return shape;
}

constexpr const char* kModel = "model { shared_bottom { hidden: 6 } tower { hidden: 4 } }";

TEST(ModelStagesTest, ParametersOfAStageLieTogetherAndNowhereElse) {
  const Fixture fixture(kModel, ThreeStages());
  const ParameterLayout& layout = fixture.model.parameters();
  const std::vector<std::string> heads = {"cvr", "uncvr", "ctr"};  // by stage
  int64_t end = 0;
  for (uint32_t stage = 0; stage < 3; ++stage) {
    const ParameterRange range = layout.OfStage(stage);
    EXPECT_EQ(range.begin, end);
    EXPECT_GT(range.size(), 0);
    end = range.end;
    for (const ParameterBlock& block : layout.blocks()) {
      const bool inside = block.offset >= range.begin && block.offset < range.end;
      EXPECT_EQ(inside, block.stage == stage) << block.name;
      if (inside && block.name.starts_with("tower.")) {
        EXPECT_TRUE(block.name.starts_with("tower." + heads[stage] + ".")) << block.name;
      }
    }
  }
  EXPECT_EQ(end, layout.size());
  EXPECT_EQ(layout.OfStage(3).size(), 0);
}

// The same groups trained at once, with the same parameters in another order.
Fixture InOneStage(const Fixture& fixture) {
  MethodShape shape = fixture.shape;
  for (Group& group : shape.groups) group.stage = 0;
  Fixture whole(kModel, shape);
  const auto values = ByBlock(fixture.model.parameters(), fixture.parameters);
  for (const ParameterBlock& block : whole.model.parameters().blocks()) {
    const MatrixView<float> to = block.In(std::span<float>(whole.parameters));
    for (int64_t i = 0; i < block.rows; ++i) {
      std::copy_n(&values.at(block.name)[static_cast<size_t>(i * block.cols)], block.cols,
                  to.row(i));
    }
  }
  return whole;
}

// Fills all of a workspace with what must not show later.
void Poison(const Fixture& fixture, Workspace* workspace) {
  TestGrain grain = fixture.Grain(2, 16, 16);
  for (auto& table : grain.embeddings) {
    std::fill(table.begin(), table.end(), std::numeric_limits<float>::infinity());
  }
  fixture.Run(grain, workspace);
}

class StagesTest : public testing::TestWithParam<uint32_t> {};

TEST_P(StagesTest, AStageReadsEarlierGroupsAndTrainsItsOwnAlone) {
  const Fixture fixture(kModel, ThreeStages());
  const Fixture whole = InOneStage(fixture);
  TestGrain grain = fixture.Grain(1, 13, 5);
  const Gradients all = whole.Run(grain);
  const auto workspace = fixture.compute->NewWorkspace();
  Poison(fixture, workspace.get());
  grain.stage = GetParam();
  const Gradients got = fixture.Run(grain, workspace.get());
  EXPECT_TRUE(fixture.compute->CheckLogits(*workspace).ok());
  EXPECT_TRUE(fixture.compute->CheckInputGradients(*workspace).ok());

  const std::vector<Head>& heads = fixture.shape.heads;
  for (size_t i = 0; i < got.logits.size(); ++i) {
    const uint32_t stage = fixture.shape.groups[heads[i % heads.size()].group].stage;
    EXPECT_EQ(got.logits[i], stage <= GetParam() ? all.logits[i] : 0.0f);
  }
  const uint32_t trained = std::min(GetParam(), 2u);
  const auto expected = ByBlock(whole.model.parameters(), all.dense);
  const auto gradient = ByBlock(fixture.model.parameters(), got.dense);
  for (const ParameterBlock& block : fixture.model.parameters().blocks()) {
    std::vector<float> want = expected.at(block.name);
    if (block.stage != trained) want.assign(want.size(), 0.0f);
    EXPECT_TRUE(SameBits(gradient.at(block.name), want)) << block.name;
  }
  for (size_t t = 0; t < got.sparse.size(); ++t) {
    const bool mine = fixture.shape.groups[t / 2].stage == trained;
    const SparseGradient want = mine ? all.sparse[t] : SparseGradient{};
    EXPECT_EQ(got.sparse[t].positions, want.positions);
    EXPECT_TRUE(SameBits(got.sparse[t].gradients, want.gradients));
  }
}
INSTANTIATE_TEST_SUITE_P(All, StagesTest, testing::Values(0u, 1u, 2u, UINT32_MAX));

TEST(ModelStagesTest, LaterGroupsAreNotPooled) {
  const Fixture fixture(kModel, ThreeStages());
  TestGrain grain = fixture.Grain(1, 13, 5);
  for (uint32_t stage = 0; stage < 3; ++stage) {
    const auto workspace = fixture.compute->NewWorkspace();
    grain.stage = stage;
    fixture.Run(grain, workspace.get());
    EXPECT_EQ(workspace->counters().contexts_pooled, 5u * (stage + 1));
  }
}

}  // namespace
}  // namespace chorus::worker
