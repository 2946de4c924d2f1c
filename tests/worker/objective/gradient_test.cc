// Every method and option against a second writing of its equations (reference.h): values, and
// gradients by central differences with everything under a stop-gradient held fast.

#include <cmath>

#include "tests/worker/objective/objective_testing.h"
#include "tests/worker/objective/reference.h"

namespace chorus::worker::testing {
namespace {

using reference::Real;

// A method with options, in each of its stages.
class Gradient : public ::testing::TestWithParam<std::vector<std::string>> {
 protected:
  void SetUp() override {
    ASSERT_TRUE(LoadConfig("", GetParam(), &config_).ok());
    objective_ = MakeMethod(GetParam());
    batch_ = RandomLogits(*objective_, 30, 4.0);
  }
  reference::Row RowOf(uint32_t stage, int64_t row) const {
    reference::Row out{
        stage, batch_.row_id[row], batch_.click[row] != 0, batch_.conversion[row] != 0, {}, {}};
    for (int64_t h = 0; h < batch_.heads; ++h) {
      out.z[objective_->heads()[h].name] = batch_.logits[row * batch_.heads + h];
    }
    out.held = out.z;
    return out;
  }
  // The row's part of the total; scales, which may rest on sums of logits, are held.
  Real TotalOf(const reference::Row& row, const std::vector<double>& scales, float weight) const {
    const reference::Losses losses = reference::LossesOf(config_, row);
    Real total = 0;
    for (size_t k = 0; k < scales.size(); ++k) {
      const Term& term = objective_->terms()[k];
      if (term.stage == row.stage) total += scales[k] * losses.at(term.name);
    }
    return total * weight;
  }
  void ExpectGradientOfTheEquations(uint32_t stage) const {
    const Outcome outcome = EvaluateLogits(*objective_, batch_, stage);
    const std::vector<double> scales = ScalesOfLogits(*objective_, batch_, stage);
    constexpr Real kStep = 1e-5L;
    for (int64_t row = 0; row < batch_.rows(); ++row) {
      for (int64_t h = 0; h < batch_.heads; ++h) {
        const std::string& head = objective_->heads()[h].name;
        reference::Row up = RowOf(stage, row), down = RowOf(stage, row);
        up.z[head] += kStep;
        down.z[head] -= kStep;
        const Real expected =
            (TotalOf(up, scales, batch_.weight[row]) - TotalOf(down, scales, batch_.weight[row])) /
            (2 * kStep);
        const double actual = outcome.gradients[row * batch_.heads + h];
        EXPECT_NEAR(actual, double(expected), 1e-7 * (1 + std::abs(double(expected))))
            << objective_->name() << " stage " << stage << " row " << row << " head " << head;
      }
    }
  }

  ObjectiveConfig config_;
  std::unique_ptr<Objective> objective_;
  LabelledLogits batch_;
};

TEST_P(Gradient, IsThatOfTheEquations) {
  for (uint32_t stage = 0; stage < objective_->shape().stages(); ++stage) {
    ExpectGradientOfTheEquations(stage);
  }
}

TEST_P(Gradient, TermSumsAreThoseOfTheEquations) {
  for (uint32_t stage = 0; stage < objective_->shape().stages(); ++stage) {
    const Outcome outcome = EvaluateLogits(*objective_, batch_, stage);
    for (size_t k = 0; k < outcome.sums.size(); ++k) {
      const Term& term = objective_->terms()[k];
      Real expected = 0, size = 0;
      for (int64_t row = 0; row < batch_.rows() && term.stage == stage; ++row) {
        const Real loss = reference::LossesOf(config_, RowOf(stage, row)).at(term.name);
        expected += loss * batch_.weight[row];
        size += std::abs(loss) * batch_.weight[row];
      }
      EXPECT_NEAR(outcome.sums[k], double(expected), 1e-12 * double(size)) << term.name;
    }
  }
}

TEST_P(Gradient, PartialSumsAreThoseOfTheEquations) {
  for (uint32_t stage = 0; stage < objective_->shape().stages(); ++stage) {
    std::vector<Real> expected(objective_->partials(stage), 0);
    for (int64_t row = 0; row < batch_.rows(); ++row) {
      const std::vector<Real> part = reference::PartialsOf(config_, RowOf(stage, row));
      ASSERT_EQ(part.size(), expected.size());
      for (size_t k = 0; k < part.size(); ++k) expected[k] += part[k] * batch_.weight[row];
    }
    const std::vector<double> actual = PartialsOfLogits(*objective_, batch_, stage);
    for (size_t k = 0; k < actual.size(); ++k) {
      EXPECT_NEAR(actual[k], double(expected[k]), 1e-13 * double(expected[k])) << k;
    }
  }
}

// Other stages' terms weigh nothing, and heads of other stages are left alone.
TEST_P(Gradient, StaysWithinItsStage) {
  for (uint32_t stage = 0; stage < objective_->shape().stages(); ++stage) {
    const Outcome outcome = EvaluateLogits(*objective_, batch_, stage);
    const std::vector<double> scales = ScalesOfLogits(*objective_, batch_, stage);
    for (size_t k = 0; k < scales.size(); ++k) {
      if (objective_->terms()[k].stage == stage) continue;
      EXPECT_EQ(scales[k], 0);
      EXPECT_EQ(outcome.sums[k], 0);
    }
    for (size_t h = 0; h < objective_->heads().size(); ++h) {
      const Head& head = objective_->heads()[h];
      if (objective_->shape().groups[head.group].stage == stage) continue;
      for (int64_t row = 0; row < batch_.rows(); ++row) {
        EXPECT_EQ(outcome.gradients[row * batch_.heads + static_cast<int64_t>(h)], 0) << head.name;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AllVariants, Gradient, ::testing::ValuesIn(AllVariants()));

}  // namespace
}  // namespace chorus::worker::testing
