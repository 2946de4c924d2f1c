#include <gtest/gtest.h>

#include <cmath>

#include "tests/worker/engine/cpu/model_fixture.h"

namespace chorus::worker {
namespace {

constexpr const char* kNormed =
    "model { shared_bottom { hidden: 6 } tower { hidden: 5 hidden: 4 } batch_norm: true }";

Fixture Normed(const std::string& text = kNormed) { return Fixture(text); }

double Total(const Fixture& fixture, const TestGrain& grain) {
  const std::vector<float> logits = fixture.Run(grain).logits;
  const std::vector<float> factors = fixture.Factors(grain.batch.rows());
  double total = 0;
  for (size_t i = 0; i < logits.size(); ++i) total += double{logits[i]} * factors[i];
  return total;
}

// Float logits of size one err by 1e-6 in a difference of 2e-3; the curvature is worth as much.
void ExpectWeightsMatchDifferences(Fixture fixture, const TestGrain& grain) {
  const std::vector<float> dense = fixture.Run(grain).dense;
  int bad = 0, weights = 0;
  for (const ParameterBlock& block : fixture.model.parameters().blocks()) {
    if (block.statistic) continue;
    for (int64_t e = 0; e < block.rows * block.cols; ++e) {
      const auto p =
          static_cast<size_t>(block.offset + e / block.cols * block.stride + e % block.cols);
      const float at = fixture.parameters[p];
      constexpr float kStep = 2e-3f;
      fixture.parameters[p] = at + kStep;
      const double above = Total(fixture, grain);
      fixture.parameters[p] = at - kStep;
      const double below = Total(fixture, grain);
      fixture.parameters[p] = at;
      weights += 1;
      // A ReLU that switches within the step spoils a difference; few do.
      bad += std::abs((above - below) / (2 * kStep) - dense[p]) > 0.02 + 0.01 * std::abs(dense[p]);
    }
  }
  EXPECT_LE(bad, weights / 25) << "of " << weights;
}

TEST(BatchNormTest, GradientsMatchDifferencesInTraining) {
  const Fixture fixture = Normed();
  TestGrain grain = fixture.Grain(1, 13, 6);
  grain.step = 1;
  ExpectWeightsMatchDifferences(Normed(), grain);
}
TEST(BatchNormTest, GradientsMatchDifferencesWithRunningStatistics) {
  const Fixture fixture = Normed();
  ExpectWeightsMatchDifferences(Normed(), fixture.Grain(2, 13, 6));
}

// Dice normalises by the same moments, and its gradient goes through them.
TEST(DiceTest, GradientsMatchDifferencesInTraining) {
  const char* const dice =
      "model { encoder { name: 'deep' mlp { hidden: 6 hidden: 4 activation: DICE } } "
      "tower { hidden: 5 } }";
  TestGrain grain = Fixture(dice).Grain(1, 13, 6);
  grain.step = 1;
  ExpectWeightsMatchDifferences(Fixture(dice), grain);
}

// Of a layer in a loop: its moments are what the model says, and normalised it has none.
TEST(BatchNormTest, StatisticsOfAGrainAreTheColumnsMoments) {
  const auto backend = std::move(NewCpuBackend(ComputeConfig::NATIVE)).value();
  const int64_t n = 13, m = 70;
  std::vector<float> z = RandomFloats(n * m, 1, 3.0f), kept(z.size()), mean(m), variance(m);
  const std::vector<float> before = z, bias(m, 0.25f);
  backend->ColumnMoments({z.data(), n, m}, mean.data(), variance.data());
  backend->NormalizeRelu(mean.data(), variance.data(), bias.data(), {kept.data(), n, m},
                         {z.data(), n, m});
  for (int64_t j = 0; j < m; ++j) {
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < n; ++i) sum += before[i * m + j];
    for (int64_t i = 0; i < n; ++i) squares += std::pow(before[i * m + j] - sum / n, 2);
    EXPECT_NEAR(mean[j], sum / n, 1e-6);
    EXPECT_NEAR(variance[j], squares / n, 1e-5);
    for (int64_t i = 0; i < n; ++i) {
      const double want = (before[i * m + j] - sum / n) / std::sqrt(squares / n + 1e-5);
      EXPECT_NEAR(kept[i * m + j], want, 1e-5);
      EXPECT_NEAR(z[i * m + j], std::max(want + 0.25, 0.0), 1e-5);
    }
  }
}

TEST(BatchNormTest, AGrainReportsItsStatisticsAndThatItHasSome) {
  const Fixture fixture = Normed();
  const ParameterLayout& layout = fixture.model.parameters();
  TestGrain grain = fixture.Grain(3, 13, 6);
  TestGrain none = fixture.Grain(3, 0, 0);
  grain.step = none.step = 1;
  const auto trained = ByBlock(layout, fixture.Run(grain).dense);
  const auto empty = ByBlock(layout, fixture.Run(none).dense);
  EXPECT_EQ(trained.at("bottom.main.0.count"), std::vector<float>{1});
  for (float value : trained.at("tower.cvr.1.variance")) EXPECT_GE(value, 0.0f);
  for (const ParameterBlock& block : layout.blocks()) {
    EXPECT_EQ(block.statistic, block.offset >= layout.OfStage(0).end) << block.name;
    for (float value : empty.at(block.name)) EXPECT_EQ(value, 0.0f) << block.name;
  }
}

TEST(BatchNormTest, InferenceReadsARowAlone) {
  const Fixture fixture = Normed();
  const TestGrain grain = fixture.Grain(4, 16, 5);
  const TestGrain all = Expanded(grain, fixture.dims);
  TestGrain one = RowsOf(all, {7});
  one.PointAtEmbeddings(fixture.dims);
  const Gradients whole = fixture.Run(grain), alone = fixture.Run(one);
  for (size_t h = 0; h < 3; ++h) EXPECT_NEAR(alone.logits[h], whole.logits[21 + h], 1e-5);
}

// Two steps of momentum 3/4, of 2 and of no grains; the weights and the count stay.
TEST(BatchNormTest, AStepMovesStatisticsTowardsTheMeanOverItsGrains) {
  const Fixture fixture = Normed();
  const ParameterLayout& layout = fixture.model.parameters();
  std::vector<float> gradient(fixture.parameters.size(), 3.0f), parameters = fixture.parameters;
  for (const ParameterBlock& block : layout.blocks()) {
    if (block.statistic) gradient[static_cast<size_t>(block.count)] = 2.0f;
  }
  layout.UpdateStatistics(0, 0.75, gradient, parameters);
  for (const ParameterBlock& block : layout.blocks()) {
    for (int64_t j = 0; block.rows == 1 && j < block.cols; ++j) {
      const auto at = static_cast<size_t>(block.offset + j);
      const float before = fixture.parameters[at];
      const bool moves = block.statistic && block.offset != block.count;
      EXPECT_FLOAT_EQ(parameters[at], moves ? before + 0.25f * (1.5f - before) : before)
          << block.name;
    }
  }
  const std::vector<float> once = parameters;
  layout.UpdateStatistics(0, 0.75, std::vector<float>(gradient.size(), 0.0f), parameters);
  layout.UpdateStatistics(1, 0.75, gradient, parameters);
  EXPECT_TRUE(SameBits(parameters, once));
}

TEST(BatchNormTest, StatisticsStartAsThoseOfStandardUnits) {
  const Fixture fixture = Normed();
  const ParameterLayout& layout = fixture.model.parameters();
  std::vector<float> initial(fixture.parameters.size());
  layout.Initialize(1, initial);
  const auto values = ByBlock(layout, initial);
  EXPECT_EQ(values.at("tower.cvr.0.mean"), std::vector<float>(5, 0.0f));
  EXPECT_EQ(values.at("tower.cvr.0.variance"), std::vector<float>(5, 1.0f));
}

}  // namespace
}  // namespace chorus::worker
