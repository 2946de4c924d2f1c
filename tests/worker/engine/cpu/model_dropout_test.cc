#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "common/random.h"
#include "tests/worker/engine/cpu/model_fixture.h"
#include "worker/math/dropout.h"

namespace chorus::worker {
namespace {

constexpr const char* kDropout =
    "seed: 9 model { shared_bottom { hidden: 7 hidden: 9 dropout: 0.3 } "
    "tower { hidden: 6 hidden: 5 dropout: 0.25 } tower { head: 'uncvr' hidden: 4 } }";

constexpr const char* kTwins =
    "model { shared_bottom { hidden: 7 dropout: 0.3 } tower { hidden: 6 hidden: 5 dropout: 0.25 } "
    "}";

// Two heads on one tower, each with draws of its own.
MethodShape Twins() {
  return ShapeOf(
      {{"ctr", 0},
       {.name = "cvr", .group = 0, .tower = "twin", .dropout = 0.5},
       {.name = "cvr2", .group = 0, .tower = "twin", .dropout = 0.5, .pass_back = -0.5}});
}

TestGrain InStep(TestGrain grain, uint64_t step) {
  grain.step = step;
  return grain;
}

// Rows `order` of a grain, with their contexts.
TestGrain Rows(const Fixture& fixture, const TestGrain& grain, const std::vector<uint32_t>& order) {
  TestGrain picked = RowsOf(Expanded(grain, fixture.dims), order);
  picked.PointAtEmbeddings(fixture.dims);
  return picked;
}

TEST(ModelDropoutTest, MatchesTheOracleInEveryHiddenLayer) {
  const Fixture fixture(kDropout);
  ExpectMatchesOracle(fixture, InStep(fixture.Grain(1, 13, 6), 4));
}
TEST(ModelDropoutTest, MatchesTheOracleWithoutASharedBottom) {
  const Fixture fixture(
      "model { tower { hidden: 6 hidden: 5 dropout: 0.5 } tower { head: 'cvr' hidden: 8 } }");
  ExpectMatchesOracle(fixture, InStep(fixture.Grain(2, 13, 6), 4));
}
TEST(ModelDropoutTest, MatchesTheOracleWithViewsOfTheirOwnForEachHead) {
  const Fixture fixture("model { tower { hidden: 6 hidden: 8 dropout: 0.25 } }", Twins());
  ExpectMatchesOracle(fixture, InStep(fixture.Grain(3, 13, 6), 4));
}
TEST(ModelDropoutTest, MatchesTheOracleWhenHeadsDropUnitsOfTheBottom) {
  const Fixture fixture("model { shared_bottom { hidden: 8 } tower { } }", Twins());
  ExpectMatchesOracle(fixture, InStep(fixture.Grain(4, 13, 6), 4));
}

TEST(ModelDropoutTest, HeadsOfOneTowerDrawApart) {
  Fixture fixture("model { tower { hidden: 6 hidden: 8 } }", Twins());
  std::fill(fixture.parameters.begin(), fixture.parameters.end(), 0.1f);
  const Gradients got = fixture.Run(InStep(fixture.Grain(5, 16, 6), 1));
  int differ = 0;
  for (size_t i = 0; i < 16; ++i) differ += got.logits[3 * i + 1] != got.logits[3 * i + 2];
  EXPECT_GT(differ, 8);
}

TEST(ModelDropoutTest, InferenceDropsNothing) {
  const Fixture with(kDropout);
  Fixture without(
      "seed: 9 model { shared_bottom { hidden: 7 hidden: 9 } "
      "tower { hidden: 6 hidden: 5 } tower { head: 'uncvr' hidden: 4 } }");
  const TestGrain grain = with.Grain(6, 16, 5);
  ExpectSameBits(with.Run(grain), without.Run(grain));
  ExpectSameBits(without.Run(InStep(grain, 7)), without.Run(grain));
  EXPECT_FALSE(SameBits(with.Run(InStep(grain, 7)).logits, with.Run(grain).logits));
}

TEST(ModelDropoutTest, DrawsDependOnSeedAndStep) {
  const Fixture fixture(kDropout);
  const Fixture other_seed("seed: 8 " + std::string(kDropout).substr(8));
  const TestGrain grain = fixture.Grain(7, 16, 5);
  const Gradients first = fixture.Run(InStep(grain, 1));
  EXPECT_FALSE(SameBits(first.logits, fixture.Run(InStep(grain, 2)).logits));
  EXPECT_FALSE(SameBits(first.logits, other_seed.Run(InStep(grain, 1)).logits));
  ExpectSameBits(first, fixture.Run(InStep(grain, 1)));
}

// A row's logits do not depend on its place or on other rows: rows are permuted, and cut into two
// grains.
TEST(ModelDropoutTest, DrawsFollowTheRowNotItsPlace) {
  const Fixture fixture(kTwins, Twins());
  const TestGrain grain = InStep(fixture.Grain(8, 16, 5), 6);
  const Gradients whole = fixture.Run(grain);
  const std::vector<uint32_t> order = RandomPermutation(16, 1, RandomPurpose::kTest, 1, 2);
  for (const std::vector<uint32_t>& rows :
       {order, {order.begin(), order.begin() + 5}, {order.begin() + 5, order.end()}}) {
    const Gradients part = fixture.Run(Rows(fixture, grain, rows));
    for (size_t i = 0; i < part.logits.size(); ++i) {
      EXPECT_NEAR(part.logits[i], whole.logits[3 * rows[i / 3] + i % 3], 1e-5);
    }
  }
}

TEST(ModelDropoutTest, WhatAWorkspaceComputedBeforeLeavesNoTrace) {
  const Fixture fixture(kTwins, Twins());
  const std::unique_ptr<Workspace> used = fixture.compute->NewWorkspace();
  TestGrain poisoned = InStep(fixture.Grain(9, 16, 16), 1);
  for (auto& table : poisoned.embeddings) std::fill(table.begin(), table.end(), INFINITY);
  fixture.Run(poisoned, used.get());
  const TestGrain small = InStep(fixture.Grain(10, 5, 2), 2);
  ExpectSameBits(fixture.Run(small, used.get()), fixture.Run(small));
}

TEST(ModelDropoutTest, AHeadCannotDropUnitsOfALayerThatIsNotThere) {
  EXPECT_EQ(
      Model::Make(TestConfig("model { tower { } }"), TestSchema(), Twins()).status().message(),
      "model.tower: head \"cvr\" drops units of its tower's last hidden layer, and tower "
      "\"twin\" has none");
}

// 40000 draws: the share of zeros errs by sqrt(p (1 - p) / 40000) <= 0.0025 a standard deviation.
TEST(DropoutTest, KeepsUnitsAtItsRateAndScalesThemUp) {
  const auto backend = std::move(NewCpuBackend(ComputeConfig::NATIVE)).value();
  std::vector<uint64_t> row_id;
  for (uint64_t i = 0; i < 200; ++i) row_id.push_back(i);
  const std::vector<float> ones(200 * 200, 1.0f);
  for (double p : {0.0, 0.01, 0.2, 0.5, 0.99}) {
    const DropoutLayer layer("tower.cvr.0", p);
    std::vector<float> kept(ones.size());
    backend->Dropout(layer.MaskOf({1, 2, row_id.data(), 200}), {ones.data(), 200, 200},
                     {kept.data(), 200, 200});
    double zeros = 0;
    for (float value : kept) {
      zeros += value == 0.0f;
      EXPECT_TRUE(value == 0.0f || value == layer.scale()) << value;
    }
    EXPECT_NEAR(layer.scale(), 1 / (1 - p), 1e-3 / (1 - p));
    EXPECT_NEAR(zeros / 40000, p, 4 * std::sqrt(p * (1 - p) / 40000) + 1e-5);
    EXPECT_EQ(layer.IsOn({1, 2, row_id.data(), 200}), p > 0);
  }
}

// No unit, row or layer repeats another's draws: of 20000 pairs of neighbours half agree.
TEST(DropoutTest, UnitsRowsAndLayersAreIndependent) {
  const auto backend = std::move(NewCpuBackend(ComputeConfig::NATIVE)).value();
  const std::vector<uint64_t> row_id = {7, 8};
  const std::vector<float> ones(2 * 20000, 1.0f);
  const auto draw = [&](const std::string& layer) {
    std::vector<float> kept(ones.size());
    backend->Dropout(DropoutLayer(layer, 0.5).MaskOf({1, 2, row_id.data(), 2}),
                     {ones.data(), 2, 20000}, {kept.data(), 2, 20000});
    return kept;
  };
  const std::vector<float> a = draw("tower.cvr.0"), b = draw("tower.cvr.1");
  for (size_t apart : {size_t{1}, size_t{2}, size_t{4}, size_t{64}, size_t{20000}}) {
    int agree = 0;
    for (size_t u = 0; u < 19000; ++u) agree += a[u] == a[u + apart];
    EXPECT_NEAR(agree / 19000.0, 0.5, 0.02) << apart;
  }
  int agree = 0;
  for (size_t u = 0; u < a.size(); ++u) agree += a[u] == b[u];
  EXPECT_NEAR(agree / 40000.0, 0.5, 0.02);
}

}  // namespace
}  // namespace chorus::worker
