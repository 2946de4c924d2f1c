#include <gtest/gtest.h>

#include "tests/worker/engine/cpu/model_fixture.h"

namespace chorus::worker {
namespace {

// "cvr" receives; it stands between the towers that give.
MethodShape WithTransfer(uint32_t layer) {
  MethodShape shape = ShapeOf({{"ctr", 0}, {"cvr", 0}, {"conversion", 0}});
  shape.transfers.push_back({.to = 1, .from = {2, 0}, .layer = layer});
  return shape;
}

constexpr const char* kGivingTowers =
    "model { tower { hidden: 5 hidden: 4 hidden: 3 } tower { head: 'ctr' hidden: 6 hidden: 3 } }";

TEST(ModelTransferTest, MatchesTheOracleAtTheFirstHiddenLayer) {
  const Fixture fixture(kGivingTowers, WithTransfer(1));
  ExpectMatchesOracle(fixture, fixture.Grain(1, 7, 4));
}
TEST(ModelTransferTest, MatchesTheOracleAtALaterLayer) {
  const Fixture fixture(kGivingTowers, WithTransfer(2));
  ExpectMatchesOracle(fixture, fixture.Grain(2, 7, 4));
}
TEST(ModelTransferTest, MatchesTheOracleAtTheLastLayerOverASharedBottom) {
  const Fixture fixture("model { shared_bottom { hidden: 6 } tower { hidden: 11 } }",
                        WithTransfer(1));
  ExpectMatchesOracle(fixture, fixture.Grain(3, 6, 3));
}
TEST(ModelTransferTest, MatchesTheOracleWithDropoutAroundIt) {
  Fixture fixture(
      "model { shared_bottom { hidden: 6 dropout: 0.25 } "
      "tower { hidden: 7 hidden: 6 dropout: 0.4 } }",
      WithTransfer(1));
  TestGrain grain = fixture.Grain(4, 7, 4);
  grain.step = 3;
  ExpectMatchesOracle(fixture, grain);
}

TEST(ModelTransferTest, AttentionStartsAsGlorotSays) {
  const Fixture fixture(kGivingTowers, WithTransfer(2));
  const ParameterLayout& layout = fixture.model.parameters();
  std::vector<float> initial(fixture.parameters.size());
  layout.Initialize(1, initial);
  const auto values = ByBlock(layout, initial);
  std::vector<std::string> names;
  for (const ParameterBlock& block : layout.blocks()) {
    if (!block.name.starts_with("transfer.cvr.")) continue;
    names.push_back(block.name.substr(13));
    const bool bias = block.name.ends_with(".bias");
    EXPECT_EQ(block.fan_in, bias ? 0 : block.rows) << block.name;
    for (float value : values.at(block.name)) EXPECT_EQ(value == 0.0f, bias);
  }
  EXPECT_EQ(names, (std::vector<std::string>{"from.conversion.weight", "from.conversion.bias",
                                             "from.ctr.weight", "from.ctr.bias", "query", "key",
                                             "value", "out.weight", "out.bias"}));
}

TEST(ModelTransferTest, WhatAWorkspaceComputedBeforeLeavesNoTrace) {
  const Fixture fixture(kGivingTowers, WithTransfer(1));
  const std::unique_ptr<Workspace> used = fixture.compute->NewWorkspace();
  fixture.Run(fixture.Grain(5, 16, 16), used.get());
  const TestGrain small = fixture.Grain(6, 5, 2);
  ExpectSameBits(fixture.Run(small, used.get()), fixture.Run(small));
}

TEST(ModelTransferTest, ATowerWithTooFewLayersIsNamed) {
  EXPECT_EQ(
      Model::Make(TestConfig(kGivingTowers), TestSchema(), WithTransfer(3)).status().message(),
      "objective.ddpo.ctm_layer: hidden layer 3 of tower \"ctr\" takes part in the transfer, "
      "but model.tower gives it 2");
}

}  // namespace
}  // namespace chorus::worker
