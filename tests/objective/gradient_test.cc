// Every method and option against a second writing of its equations (reference.h): values, and
// gradients by central differences with everything under a stop-gradient held fast.

#include <cmath>

#include "tests/objective/objective_testing.h"
#include "tests/objective/reference.h"

namespace chorus::worker {
namespace {

using reference::Logits;
using reference::Losses;
using reference::Real;

Losses ReferenceLosses(const ObjectiveConfig& config, bool o, bool r, const Logits& z,
                       const Logits& held) {
  if (config.has_base()) return reference::BaseLosses(o, r, z);
  if (config.has_esmm()) return reference::EsmmLosses(o, r, z);
  if (config.has_chorus_cvr()) return reference::ChorusLosses(config.chorus_cvr(), o, r, z, held);
  if (config.has_chorus_cvr_wo_ndm()) {
    return reference::ChorusLosses(config.chorus_cvr_wo_ndm(), o, r, z, held);
  }
  return reference::ChorusLosses(config.chorus_cvr_wo_sam(), o, r, z, held);
}

class Gradient : public ::testing::TestWithParam<std::vector<std::string>> {
 protected:
  void SetUp() override {
    ASSERT_TRUE(LoadConfig("", GetParam(), &config_).ok());
    objective_ = MakeMethod(GetParam());
    batch_ = RandomBatch(*objective_, 30, 4.0);
    scales_ = BatchScales(*objective_, batch_);
  }
  Logits LogitsOf(int64_t row) const {
    Logits z;
    for (int64_t h = 0; h < batch_.heads; ++h) {
      z[objective_->heads()[h].name] = batch_.logits[row * batch_.heads + h];
    }
    return z;
  }
  Real TotalOf(int64_t row, const Logits& z) const {
    const Losses losses =
        ReferenceLosses(config_, batch_.click[row], batch_.conversion[row], z, LogitsOf(row));
    Real total = 0;
    for (size_t k = 0; k < scales_.size(); ++k) {
      total += scales_[k] * losses.at(objective_->terms()[k].name);
    }
    return total * batch_.weight[row];
  }

  ObjectiveConfig config_;
  std::unique_ptr<Objective> objective_;
  Batch batch_;
  std::vector<double> scales_;
};

TEST_P(Gradient, IsThatOfTheEquations) {
  const Outcome outcome = EvaluateBatch(*objective_, batch_);
  constexpr Real kStep = 1e-5L;
  for (int64_t row = 0; row < batch_.rows(); ++row) {
    for (int64_t h = 0; h < batch_.heads; ++h) {
      Logits up = LogitsOf(row), down = LogitsOf(row);
      up[objective_->heads()[h].name] += kStep;
      down[objective_->heads()[h].name] -= kStep;
      const Real expected = (TotalOf(row, up) - TotalOf(row, down)) / (2 * kStep);
      const double actual = outcome.gradients[row * batch_.heads + h];
      EXPECT_NEAR(actual, double(expected), 1e-7 * (1 + std::abs(double(expected))))
          << objective_->name() << " row " << row << " head " << objective_->heads()[h].name;
    }
  }
}

TEST_P(Gradient, TermSumsAreThoseOfTheEquations) {
  const Outcome outcome = EvaluateBatch(*objective_, batch_);
  for (size_t k = 0; k < outcome.sums.size(); ++k) {
    Real expected = 0;
    for (int64_t row = 0; row < batch_.rows(); ++row) {
      const Logits z = LogitsOf(row);
      const Losses losses =
          ReferenceLosses(config_, batch_.click[row], batch_.conversion[row], z, z);
      expected += losses.at(objective_->terms()[k].name) * batch_.weight[row];
    }
    EXPECT_NEAR(outcome.sums[k], double(expected), 1e-12 * double(expected))
        << objective_->terms()[k].name;
  }
}

INSTANTIATE_TEST_SUITE_P(AllVariants, Gradient, ::testing::ValuesIn(AllVariants()));

}  // namespace
}  // namespace chorus::worker
