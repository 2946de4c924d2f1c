#include <gtest/gtest.h>

#include "tests/worker/engine/cpu/model_fixture.h"

namespace chorus::worker {
namespace {

// Three heads on one tower, between towers of their own.
MethodShape SharedTower(double pass_back = 1) {
  return ShapeOf({{"ctr", 0},
                  {.name = "cvr", .group = 0, .tower = "twin"},
                  {.name = "domain", .group = 0, .tower = "twin", .pass_back = pass_back},
                  {.name = "third", .group = 0, .tower = "twin"},
                  {"last", 0}});
}

constexpr const char* kTowers =
    "model { tower { hidden: 5 hidden: 4 } tower { head: 'twin' hidden: 6 hidden: 3 } }";

TEST(ModelHeadsTest, HeadsOnOneTowerMatchTheOracle) {
  const Fixture fixture(kTowers, SharedTower());
  ExpectMatchesOracle(fixture, fixture.Grain(1, 13, 6));
}
TEST(ModelHeadsTest, HeadsOnOneHiddenLayerMatchTheOracle) {
  const Fixture fixture("model { tower { hidden: 5 } }", SharedTower());
  ExpectMatchesOracle(fixture, fixture.Grain(2, 12, 3));
}
TEST(ModelHeadsTest, HeadsOnTheBottomMatchTheOracle) {
  const Fixture fixture("model { shared_bottom { hidden: 6 } tower { } }", SharedTower(-0.5));
  ExpectMatchesOracle(fixture, fixture.Grain(3, 12, 3));
}
TEST(ModelHeadsTest, HeadsOnTheInputsMatchTheOracle) {
  const Fixture fixture("model { tower { hidden: 3 } tower { head: 'twin' } }", SharedTower(-0.5));
  ExpectMatchesOracle(fixture, fixture.Grain(4, 12, 3));
}
TEST(ModelHeadsTest, AHeadReversesWhatItPassesBackButNotItsOwnGradient) {
  const Fixture fixture(kTowers, SharedTower(-0.25));
  ExpectMatchesOracle(fixture, fixture.Grain(5, 13, 6));
}
TEST(ModelHeadsTest, AHeadThatPassesNothingBackLeavesItsTowerAlone) {
  const Fixture fixture(kTowers, SharedTower(0));
  ExpectMatchesOracle(fixture, fixture.Grain(6, 13, 6));
}

TEST(ModelHeadsTest, BlocksAreNamedAfterTowerAndHead) {
  const Fixture fixture(kTowers, SharedTower());
  std::vector<std::string> names;
  for (const ParameterBlock& block : fixture.model.parameters().blocks()) {
    if (block.name.starts_with("tower.")) names.push_back(block.name.substr(6));
  }
  EXPECT_EQ(
      names,
      (std::vector<std::string>{
          "ctr.0.context",    "twin.0.context",      "last.0.context",    "ctr.0.exposure",
          "twin.0.exposure",  "last.0.exposure",     "ctr.0.bias",        "twin.0.bias",
          "last.0.bias",      "ctr.1.weight",        "ctr.1.bias",        "ctr.logit.weight",
          "ctr.logit.bias",   "twin.1.weight",       "twin.1.bias",       "cvr.logit.weight",
          "cvr.logit.bias",   "domain.logit.weight", "domain.logit.bias", "third.logit.weight",
          "third.logit.bias", "last.1.weight",       "last.1.bias",       "last.logit.weight",
          "last.logit.bias"}));
}

TEST(ModelHeadsTest, AHeadOfASharedTowerHasNoTowerToConfigure) {
  EXPECT_EQ(Model::Make(TestConfig("model { tower { } tower { head: 'cvr' hidden: 3 } }"),
                        TestSchema(), SharedTower())
                .status()
                .message(),
            "model.tower: the objective has no tower \"cvr\"; it has [ctr, twin, last]");
}

}  // namespace
}  // namespace chorus::worker
