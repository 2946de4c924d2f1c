#include <gtest/gtest.h>

#include "common/strings.h"
#include "tests/worker/engine/cpu/model_fixture.h"

namespace chorus::worker {
namespace {

// "cvr" receives; it is between the towers that give.
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

std::string Configured(const std::string& transfers) {
  return StrCat(
      "model { tower { hidden: 5 hidden: 4 hidden: 3 } "
      "tower { head: 'cvr' hidden: 6 hidden: 3 hidden: 4 } ",
      transfers, " }");
}

TEST(ConfiguredTransferTest, MatchesTheOracleForAnyPairOfTowers) {
  for (const char* transfers :
       {"transfer { from: 'ctr' to: 'cvr' }", "transfer { from: 'uncvr' to: 'ctr' layer: 3 }",
        // A chain, written from its end; two layers; a tower that gives to a giver of before.
        "transfer { from: 'cvr' to: 'uncvr' } transfer { from: 'ctr' to: 'cvr' }",
        "transfer { from: 'ctr' from: 'uncvr' to: 'cvr' layer: 2 } "
        "transfer { from: 'cvr' to: 'ctr' layer: 1 }"}) {
    SCOPED_TRACE(transfers);
    const Fixture fixture(Configured(transfers));
    ExpectMatchesOracle(fixture, fixture.Grain(1, 6, 3));
  }
}

TEST(ConfiguredTransferTest, IsTheMethodsOwnTransferBitForBit) {
  const Fixture method(Configured(""), WithTransfer(2));
  MethodShape shape = WithTransfer(2);
  shape.transfers.clear();
  const Fixture configured(
      Configured("transfer { from: 'conversion' from: 'ctr' to: 'cvr' layer: 2 }"), shape);
  const TestGrain grain = method.Grain(2, 9, 4);
  ExpectSameBits(configured.Run(grain), method.Run(grain));
}

TEST(ConfiguredTransferTest, StandsBesideTheMethodsOwn) {
  const Fixture fixture(Configured("transfer { from: 'cvr' to: 'ctr' layer: 3 }"), WithTransfer(2));
  ExpectMatchesOracle(fixture, fixture.Grain(3, 6, 3));
}

TEST(ConfiguredTransferTest, ErrorsNameTowersAndRemedy) {
  const auto error = [](const std::string& transfers, const MethodShape& shape = ThreeHeads()) {
    return Model::Make(TestConfig(Configured(transfers)), TestSchema(), shape).status().message();
  };
  const std::string to = "model.transfer to \"cvr\"";
  EXPECT_EQ(error("transfer { from: 'click' to: 'cvr' }"),
            to + ": the objective has no tower \"click\"; it has [ctr, cvr, uncvr]");
  EXPECT_EQ(error("transfer { to: 'cvr' }"), to + ": `from` names no tower that gives");
  EXPECT_EQ(error("transfer { from: 'cvr' to: 'cvr' }"), to + ": a tower does not give to itself");
  EXPECT_EQ(error("transfer { from: 'ctr' from: 'ctr' to: 'cvr' }"),
            to + ": tower \"ctr\" gives twice");
  EXPECT_EQ(error("transfer { from: 'ctr' to: 'cvr' layer: 4 }"),
            to + ".layer: hidden layer 4 of tower \"cvr\" takes part in the transfer, but "
                 "model.tower gives it 3");
  EXPECT_EQ(error("transfer { from: 'ctr' to: 'cvr' } transfer { from: 'uncvr' to: 'cvr' }"),
            to + ": the tower receives already, from the method itself or from another transfer; "
                 "name all givers in one `from`");
  EXPECT_EQ(error("transfer { from: 'ctr' to: 'cvr' }", WithTransfer(2)),
            to + ": the tower receives already, from the method itself or from another transfer; "
                 "name all givers in one `from`");
  EXPECT_EQ(error("transfer { from: 'ctr' to: 'cvr' } transfer { from: 'cvr' to: 'ctr' }"),
            "model.transfer: tower \"cvr\" waits for itself in a circle of transfers at layer 1: "
            "leave one of them out, or move it to another");
  EXPECT_EQ(error("transfer { from: 'ctr' to: 'cvr' }",
                  ShapeOf({{"ctr", 0}, {"cvr", 1}}, {"one", "two"})),
            to + ": towers [ctr, cvr] are of two groups, which share nothing in this method; "
                 "transfers are inside one");
}

}  // namespace
}  // namespace chorus::worker
