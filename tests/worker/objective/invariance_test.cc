// What no method may depend on, and what must stay finite.

#include <cmath>

#include "tests/worker/objective/objective_testing.h"

namespace chorus::worker::testing {
namespace {

// A method with options, in each of its stages.
class Invariance : public ::testing::TestWithParam<std::vector<std::string>> {
 protected:
  void SetUp() override {
    objective_ = MakeMethod(GetParam());
    for (uint32_t stage = 0; stage < objective_->shape().stages(); ++stage) {
      stages_.push_back(stage);
    }
  }
  void ExpectFinite(const Outcome& outcome) {
    for (const double sum : outcome.sums) EXPECT_TRUE(std::isfinite(sum)) << sum;
    for (const double slope : outcome.gradients) EXPECT_TRUE(std::isfinite(slope)) << slope;
  }
  double SizeOf(const Outcome& outcome) {
    double largest = 0;
    for (const double slope : outcome.gradients) largest = std::max(largest, std::abs(slope));
    return largest;
  }
  std::unique_ptr<Objective> objective_;
  std::vector<uint32_t> stages_;
};

TEST_P(Invariance, ConversionOfUnclickedRowsChangesNothing) {
  for (const uint32_t stage : stages_) {
    LabelledLogits labelled = RandomLogits(*objective_, 60, 5);
    const Outcome before = EvaluateLogits(*objective_, labelled, stage);
    const std::vector<double> partials = PartialsOfLogits(*objective_, labelled, stage);
    const SpaceWeights spaces = objective_->SumSpaces(labelled.labels());
    for (int64_t i = 0; i < labelled.rows(); ++i) {
      if (labelled.click[i] == 0) labelled.conversion[i] = 1;
    }
    const Outcome after = EvaluateLogits(*objective_, labelled, stage);
    EXPECT_EQ(before.sums, after.sums);
    EXPECT_EQ(before.gradients, after.gradients);
    EXPECT_EQ(PartialsOfLogits(*objective_, labelled, stage), partials);
    for (int k = 0; k < kSpaces; ++k) {
      EXPECT_EQ(objective_->SumSpaces(labelled.labels()).sum[k], spaces.sum[k]);
    }
  }
}

TEST_P(Invariance, AStepWithoutClicksIsFiniteAndItsEmptyTermsAreZero) {
  for (const uint32_t stage : stages_) {
    LabelledLogits labelled = RandomLogits(*objective_, 12, 5);
    labelled.click.assign(labelled.click.size(), 0);
    const Outcome outcome = EvaluateLogits(*objective_, labelled, stage);
    ExpectFinite(outcome);
    const std::vector<double> scales = ScalesOfLogits(*objective_, labelled, stage);
    for (size_t k = 0; k < scales.size(); ++k) {
      if (objective_->terms()[k].space != Space::kClicked) continue;
      EXPECT_EQ(scales[k], 0);
      EXPECT_EQ(outcome.sums[k], 0);
    }
  }
}

TEST_P(Invariance, AStepOfClicksOnlyIsFiniteAndItsEmptyTermsAreZero) {
  for (const uint32_t stage : stages_) {
    LabelledLogits labelled = RandomLogits(*objective_, 12, 5);
    labelled.click.assign(labelled.click.size(), 1);
    const Outcome outcome = EvaluateLogits(*objective_, labelled, stage);
    ExpectFinite(outcome);
    const std::vector<double> scales = ScalesOfLogits(*objective_, labelled, stage);
    for (size_t k = 0; k < scales.size(); ++k) {
      if (objective_->terms()[k].space != Space::kUnclicked) continue;
      EXPECT_EQ(scales[k], 0);
      EXPECT_EQ(outcome.sums[k], 0);
    }
  }
}

TEST_P(Invariance, ZeroRowsAreAllowed) {
  for (const uint32_t stage : stages_) {
    LabelledLogits labelled;
    labelled.heads = static_cast<int64_t>(objective_->heads().size());
    EXPECT_EQ(EvaluateLogits(*objective_, labelled, stage).total, 0);
  }
}

TEST_P(Invariance, LargeLogitsOfAnySignsStayFiniteInFloatAndDouble) {
  LabelledLogits labelled;
  labelled.heads = static_cast<int64_t>(objective_->heads().size());
  for (const double size : {60.0, 120.0, 1000.0}) {
    for (int signs = 0; signs < (1 << labelled.heads); ++signs) {
      for (int label = 0; label < 3; ++label) {
        labelled.click.push_back(label > 0);
        labelled.conversion.push_back(label > 1);
        for (int64_t h = 0; h < labelled.heads; ++h) {
          labelled.logits.push_back((signs >> h & 1) != 0 ? size : -size);
        }
      }
    }
  }
  for (const uint32_t stage : stages_) {
    ExpectFinite(EvaluateLogits<float>(*objective_, labelled, stage));
    ExpectFinite(EvaluateLogits<double>(*objective_, labelled, stage));
  }
  std::vector<float> logits(labelled.logits.begin(), labelled.logits.end());
  for (int64_t i = 0; i < labelled.rows(); ++i) {
    const Prediction prediction = objective_->Predict(std::span<const float>(logits).subspan(
        static_cast<size_t>(i * labelled.heads), static_cast<size_t>(labelled.heads)));
    EXPECT_TRUE(std::isfinite(prediction.ctr_logit));
    EXPECT_TRUE(std::isfinite(prediction.cvr_logit));
    EXPECT_TRUE(std::isfinite(prediction.log_ctcvr()));
  }
}

TEST_P(Invariance, OrderOfRowsOnlyPermutesGradients) {
  for (const uint32_t stage : stages_) {
    const LabelledLogits labelled = RandomLogits(*objective_, 30, 5);
    const Outcome outcome = EvaluateLogits(*objective_, labelled, stage);
    LabelledLogits turned;
    for (int64_t i = labelled.rows() - 1; i >= 0; --i) turned.Append(labelled, i);
    const Outcome reversed = EvaluateLogits(*objective_, turned, stage);
    for (int64_t i = 0; i < labelled.rows(); ++i) {
      for (int64_t h = 0; h < labelled.heads; ++h) {
        const double expected = outcome.gradients[(labelled.rows() - 1 - i) * labelled.heads + h];
        EXPECT_NEAR(reversed.gradients[i * labelled.heads + h], expected,
                    1e-14 * (std::abs(expected) + SizeOf(outcome)));
      }
    }
    EXPECT_NEAR(reversed.total, outcome.total, 1e-13 * std::abs(outcome.total));
  }
}

// Two workers with a part of the rows each: with the sums of both they compute what one does with
// all.
TEST_P(Invariance, ShardsOfAStepAddUp) {
  for (const uint32_t stage : stages_) {
    const LabelledLogits whole = RandomLogits(*objective_, 31, 5);
    LabelledLogits shards[2];
    for (int64_t i = 0; i < whole.rows(); ++i) shards[i < 12 ? 0 : 1].Append(whole, i);
    SpaceWeights spaces;
    std::vector<double> partials(objective_->partials(stage), 0.0);
    for (const LabelledLogits& shard : shards) {
      const SpaceWeights part = objective_->SumSpaces(shard.labels());
      for (int k = 0; k < kSpaces; ++k) spaces.sum[k] += part.sum[k];
      const std::vector<double> sums = PartialsOfLogits(*objective_, shard, stage);
      for (size_t k = 0; k < sums.size(); ++k) partials[k] += sums[k];
    }
    const std::vector<double> scales = ScalesOf(objective_->Normalizers(stage, spaces, partials));
    const Outcome expected = EvaluateLogits(*objective_, whole, stage);
    std::vector<double> sums(scales.size(), 0.0), gradients;
    for (const LabelledLogits& shard : shards) {
      const Outcome outcome = EvaluateLogits(*objective_, shard, stage, &scales);
      for (size_t k = 0; k < sums.size(); ++k) sums[k] += outcome.sums[k];
      gradients.insert(gradients.end(), outcome.gradients.begin(), outcome.gradients.end());
    }
    for (size_t k = 0; k < sums.size(); ++k) {
      EXPECT_NEAR(sums[k], expected.sums[k], 1e-13 * std::abs(expected.sums[k]));
    }
    for (size_t i = 0; i < gradients.size(); ++i) {
      EXPECT_NEAR(gradients[i], expected.gradients[i], 1e-14 * SizeOf(expected));
    }
  }
}

TEST_P(Invariance, FloatIsCloseToDouble) {
  for (const uint32_t stage : stages_) {
    LabelledLogits labelled = RandomLogits(*objective_, 60, 8);
    for (double& logit : labelled.logits) logit = static_cast<float>(logit);
    const Outcome exact = EvaluateLogits<double>(*objective_, labelled, stage);
    const Outcome rounded = EvaluateLogits<float>(*objective_, labelled, stage);
    for (size_t k = 0; k < exact.sums.size(); ++k) {
      EXPECT_NEAR(rounded.sums[k], exact.sums[k], 2e-6 * std::abs(exact.sums[k])) << k;
    }
    for (size_t i = 0; i < exact.gradients.size(); ++i) {
      EXPECT_NEAR(rounded.gradients[i], exact.gradients[i],
                  1e-5 * std::abs(exact.gradients[i]) + 1e-6 * SizeOf(exact));
    }
  }
}

TEST_P(Invariance, RowsOfWeightZeroCountForNothing) {
  for (const uint32_t stage : stages_) {
    LabelledLogits labelled = RandomLogits(*objective_, 30, 5);
    const Outcome alone = EvaluateLogits(*objective_, labelled, stage);
    const std::vector<double> partials = PartialsOfLogits(*objective_, labelled, stage);
    for (const uint8_t click : {0, 1}) {
      labelled.click.push_back(click);
      labelled.conversion.push_back(click);
      labelled.weight.push_back(0);
      labelled.row_id.push_back(7);
      for (int64_t h = 0; h < labelled.heads; ++h) labelled.logits.push_back(std::nan(""));
    }
    EXPECT_EQ(PartialsOfLogits(*objective_, labelled, stage), partials);
    Outcome padded = EvaluateLogits(*objective_, labelled, stage);
    EXPECT_EQ(padded.sums, alone.sums);
    for (int i = 0; i < 2 * labelled.heads; ++i) {
      EXPECT_EQ(padded.gradients.back(), 0);
      padded.gradients.pop_back();
    }
    EXPECT_EQ(padded.gradients, alone.gradients);
  }
}

TEST_P(Invariance, AWeightOfTwoIsTheRowTwice) {
  for (const uint32_t stage : stages_) {
    LabelledLogits once = RandomLogits(*objective_, 9, 5);
    once.weight.assign(9, 1.0f);
    LabelledLogits twice = once;
    twice.Append(once, 1);
    once.weight[1] = 2;
    const Outcome a = EvaluateLogits(*objective_, once, stage);
    const Outcome b = EvaluateLogits(*objective_, twice, stage);
    EXPECT_NEAR(a.total, b.total, 1e-13 * std::abs(b.total));
    for (int64_t h = 0; h < once.heads; ++h) {
      EXPECT_NEAR(a.gradients[once.heads + h], 2 * b.gradients[once.heads + h], 1e-14 * SizeOf(a));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AllVariants, Invariance, ::testing::ValuesIn(AllVariants()));

}  // namespace
}  // namespace chorus::worker::testing
