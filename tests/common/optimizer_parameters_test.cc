#include "common/optimizer_parameters.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/optimizer.h"

namespace chorus {
namespace {

using Kind = OptimizerParameters::Kind;

constexpr uint32_t kDim = 3;
constexpr float kUntouched = -7;
const std::vector<float> kWeights = {0.5f, -2.0f, 0.0f};

OptimizerParameters Of(Kind kind) {
  OptimizerParameters parameters;
  parameters.kind = kind;
  parameters.lr = 0.5;
  parameters.initial_accumulator = 0.25f;
  parameters.beta = 1;
  parameters.l1 = 0.125f;
  parameters.l2 = 2;
  return parameters;
}

// Of a row whose state was written before, and of one float behind its state.
std::vector<float> StateOf(const OptimizerParameters& parameters) {
  std::vector<float> state(parameters.state_floats(kDim) + 1, kUntouched);
  parameters.InitializeState(kWeights.data(), kDim, state.data(), state.data() + kDim);
  return state;
}

TEST(OptimizerParametersTest, StateBeginsAsTheRuleSaysAndEndsWhereItDoes) {
  const float u = kUntouched;
  EXPECT_EQ(StateOf(Of(Kind::kSgd)), (std::vector<float>{u}));
  EXPECT_EQ(StateOf(Of(Kind::kAdagrad)), (std::vector<float>{0.25f, 0.25f, 0.25f, u}));
  EXPECT_EQ(StateOf(Of(Kind::kRowwiseAdagrad)), (std::vector<float>{0.25f, u}));
  EXPECT_EQ(StateOf(Of(Kind::kAdam)), (std::vector<float>{0, 0, 0, 0, 0, 0, u}));
  EXPECT_EQ(StateOf(Of(Kind::kAdamW)), (std::vector<float>{0, 0, 0, 0, 0, 0, u}));
  // z = -w (beta / alpha + l2) - sign(w) l1, n = 0
  EXPECT_EQ(StateOf(Of(Kind::kFtrl)), (std::vector<float>{-2.125f, 8.125f, 0, 0, 0, 0, u}));
}

TEST(OptimizerParametersTest, TheFirstStateOfFtrlStandsForTheWeights) {
  const OptimizerParameters parameters = Of(Kind::kFtrl);
  std::vector<float> state = StateOf(parameters);
  const FtrlRule rule = parameters.Ftrl(1.0f);
  for (uint32_t i = 0; i < kDim; ++i) {
    float weight = kWeights[i];
    rule(0.0f, weight, state[i], state[kDim + i]);
    EXPECT_FLOAT_EQ(weight, kWeights[i]) << i;
  }
}

}  // namespace
}  // namespace chorus
