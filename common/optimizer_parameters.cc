#include "common/optimizer_parameters.h"

#include <algorithm>

#include "common/check.h"

namespace chorus {

uint32_t OptimizerParameters::state_floats(uint32_t elements) const {
  switch (kind) {
    case Kind::kSgd:
      return 0;
    case Kind::kAdagrad:
      return elements;
    case Kind::kRowwiseAdagrad:
      return 1;
    case Kind::kAdam:
    case Kind::kAdamW:
    case Kind::kFtrl:
      return 2 * elements;
  }
  CHECK(false, "no optimizer: ", kind);
}

float OptimizerParameters::ScaledLr(float lr_factor) const {
  return static_cast<float>(lr * static_cast<double>(lr_factor));
}

AdamRule OptimizerParameters::Adam(float lr_factor, uint64_t t) const {
  return MakeAdamRule(beta1, beta2, eps, ScaledLr(lr_factor), weight_decay,
                      AdamCorrection(beta1, t), AdamCorrection(beta2, t));
}

void OptimizerParameters::InitializeState(const float* weights, uint32_t elements,
                                          float* state) const {
  const float value =
      kind == Kind::kAdagrad || kind == Kind::kRowwiseAdagrad ? initial_accumulator : 0;
  std::fill_n(state, state_floats(elements), value);
  if (kind != Kind::kFtrl) return;
  const FtrlRule rule = Ftrl(1.0f);
  for (uint32_t i = 0; i < elements; ++i) state[i] = rule.InitialZ(weights[i]);
}

}  // namespace chorus
