// What no method may depend on, and what must stay finite.

#include <cmath>
#include <numeric>

#include "tests/objective/objective_testing.h"

namespace chorus::worker {
namespace {

class Invariance : public ::testing::TestWithParam<std::vector<std::string>> {
 protected:
  void SetUp() override { objective_ = MakeMethod(GetParam()); }
  void ExpectFinite(const Outcome& outcome) {
    for (const double sum : outcome.sums) EXPECT_TRUE(std::isfinite(sum)) << sum;
    for (const double slope : outcome.gradients) EXPECT_TRUE(std::isfinite(slope)) << slope;
  }
  std::unique_ptr<Objective> objective_;
};

TEST_P(Invariance, ConversionOfUnclickedRowsChangesNothing) {
  Batch batch = RandomBatch(*objective_, 30, 5);
  const Outcome before = EvaluateBatch(*objective_, batch);
  for (int64_t i = 0; i < batch.rows(); ++i) {
    if (batch.click[i] == 0) batch.conversion[i] = 1;
  }
  const Outcome after = EvaluateBatch(*objective_, batch);
  EXPECT_EQ(before.sums, after.sums);
  EXPECT_EQ(before.gradients, after.gradients);
}

TEST_P(Invariance, AStepWithoutClicksIsFiniteAndItsEmptyTermsAreZero) {
  Batch batch = RandomBatch(*objective_, 12, 5);
  batch.click.assign(batch.click.size(), 0);
  const Outcome outcome = EvaluateBatch(*objective_, batch);
  ExpectFinite(outcome);
  const std::vector<double> scales = BatchScales(*objective_, batch);
  for (size_t k = 0; k < scales.size(); ++k) {
    if (objective_->terms()[k].space != Space::kClicked) continue;
    EXPECT_EQ(scales[k], 0);
    EXPECT_EQ(outcome.sums[k], 0);
  }
}

TEST_P(Invariance, AStepOfClicksOnlyIsFinite) {
  Batch batch = RandomBatch(*objective_, 12, 5);
  batch.click.assign(batch.click.size(), 1);
  ExpectFinite(EvaluateBatch(*objective_, batch));
}

TEST_P(Invariance, ZeroRowsAreAllowed) {
  Batch batch;
  batch.heads = static_cast<int64_t>(objective_->heads().size());
  const Outcome outcome = EvaluateBatch(*objective_, batch);
  EXPECT_EQ(outcome.total, 0);
}

TEST_P(Invariance, LargeLogitsOfAnySignsStayFiniteInFloatAndDouble) {
  Batch batch;
  batch.heads = static_cast<int64_t>(objective_->heads().size());
  for (const double size : {60.0, 120.0, 1000.0}) {
    for (int signs = 0; signs < (1 << batch.heads); ++signs) {
      for (int label = 0; label < 3; ++label) {
        batch.click.push_back(label > 0);
        batch.conversion.push_back(label > 1);
        for (int64_t h = 0; h < batch.heads; ++h) {
          batch.logits.push_back((signs >> h & 1) != 0 ? size : -size);
        }
      }
    }
  }
  ExpectFinite(EvaluateBatch<float>(*objective_, batch));
  ExpectFinite(EvaluateBatch<double>(*objective_, batch));
}

TEST_P(Invariance, OrderOfRowsOnlyPermutesGradients) {
  const Batch batch = RandomBatch(*objective_, 30, 5);
  const Outcome outcome = EvaluateBatch(*objective_, batch);
  Batch turned = batch;
  for (int64_t i = 0; i < batch.rows(); ++i) {
    const int64_t from = batch.rows() - 1 - i;
    turned.click[i] = batch.click[from];
    turned.conversion[i] = batch.conversion[from];
    turned.weight[i] = batch.weight[from];
    for (int64_t h = 0; h < batch.heads; ++h) {
      turned.logits[i * batch.heads + h] = batch.logits[from * batch.heads + h];
    }
  }
  const Outcome reversed = EvaluateBatch(*objective_, turned);
  for (int64_t i = 0; i < batch.rows(); ++i) {
    for (int64_t h = 0; h < batch.heads; ++h) {
      const double expected = outcome.gradients[(batch.rows() - 1 - i) * batch.heads + h];
      EXPECT_NEAR(reversed.gradients[i * batch.heads + h], expected, 1e-14 * std::abs(expected));
    }
  }
  EXPECT_NEAR(reversed.total, outcome.total, 1e-13 * outcome.total);
}

TEST_P(Invariance, FloatIsCloseToDouble) {
  Batch batch = RandomBatch(*objective_, 60, 8);
  for (double& logit : batch.logits) logit = static_cast<float>(logit);
  const Outcome exact = EvaluateBatch<double>(*objective_, batch);
  const Outcome rounded = EvaluateBatch<float>(*objective_, batch);
  for (size_t k = 0; k < exact.sums.size(); ++k) {
    EXPECT_NEAR(rounded.sums[k], exact.sums[k], 2e-6 * exact.sums[k]) << k;
  }
  double largest = 0;
  for (const double slope : exact.gradients) largest = std::max(largest, std::abs(slope));
  for (size_t i = 0; i < exact.gradients.size(); ++i) {
    EXPECT_NEAR(rounded.gradients[i], exact.gradients[i],
                1e-5 * std::abs(exact.gradients[i]) + 1e-6 * largest);
  }
}

TEST_P(Invariance, RowsOfWeightZeroCountForNothing) {
  Batch batch = RandomBatch(*objective_, 30, 5);
  const Outcome alone = EvaluateBatch(*objective_, batch);
  for (const uint8_t click : {0, 1}) {
    batch.click.push_back(click);
    batch.conversion.push_back(click);
    batch.weight.push_back(0);
    for (int64_t h = 0; h < batch.heads; ++h) batch.logits.push_back(std::nan(""));
  }
  Outcome padded = EvaluateBatch(*objective_, batch);
  EXPECT_EQ(padded.sums, alone.sums);
  for (int i = 0; i < 2 * batch.heads; ++i) {
    EXPECT_EQ(padded.gradients.back(), 0);
    padded.gradients.pop_back();
  }
  EXPECT_EQ(padded.gradients, alone.gradients);
}

TEST_P(Invariance, AWeightOfTwoIsTheRowTwice) {
  Batch once = RandomBatch(*objective_, 9, 5);
  once.weight.assign(9, 1.0f);
  Batch twice = once;
  once.weight[1] = 2;
  twice.click.push_back(twice.click[1]);
  twice.conversion.push_back(twice.conversion[1]);
  twice.weight.push_back(1);
  for (int64_t h = 0; h < once.heads; ++h) {
    twice.logits.push_back(double(twice.logits[once.heads + h]));
  }
  const Outcome a = EvaluateBatch(*objective_, once);
  const Outcome b = EvaluateBatch(*objective_, twice);
  EXPECT_NEAR(a.total, b.total, 1e-13 * b.total);
  for (int64_t h = 0; h < once.heads; ++h) {
    EXPECT_NEAR(a.gradients[once.heads + h], 2 * b.gradients[once.heads + h], 1e-15);
  }
}

INSTANTIATE_TEST_SUITE_P(AllVariants, Invariance, ::testing::ValuesIn(AllVariants()));

TEST(Propensity, IsAStopGradientUnlessDetachIsFalse) {
  // Only the weighted terms: whatever reaches the CTR logit came through w or v.
  const std::string weighted = "w_ctr: 0 w_ctcvr: 0 w_ctuncvr: 0";
  for (const bool detach : {true, false}) {
    const auto objective =
        MakeMethod({"chorus_cvr={" + weighted + (detach ? "}" : " detach: false}")});
    const Batch batch = RandomBatch(*objective, 30, 3);
    const Outcome outcome = EvaluateBatch(*objective, batch);
    for (int64_t i = 0; i < batch.rows(); ++i) {
      EXPECT_EQ(outcome.gradients[i * batch.heads] == 0, detach) << i;
    }
  }
}

TEST(Propensity, IsFlatBelowItsFloor) {
  const auto objective = MakeMethod(
      {"chorus_cvr={w_ctr: 0 w_ctcvr: 0 w_ctuncvr: 0 detach: false eps: 0.1 eps_un: 0.2}"});
  Batch batch;
  batch.heads = 3;
  batch.click = {1, 0};
  batch.conversion = {0, 0};
  batch.logits = {-3, 0, 0, 2, 0, 0};  // 1 / p = 21.1 > 10,  1 / (1 - p) = 8.4 > 5
  const Outcome outcome = EvaluateBatch(*objective, batch);
  EXPECT_EQ(outcome.gradients[0], 0);
  EXPECT_EQ(outcome.gradients[3], 0);
  EXPECT_NEAR(outcome.sums[2], 10 * std::log(2.0), 1e-14);
  EXPECT_NEAR(outcome.sums[7], 5 * std::log(2.0), 1e-14);
}

}  // namespace
}  // namespace chorus::worker
