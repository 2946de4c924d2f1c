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

void OptimizerParameters::InitializeState(const float* weights, uint64_t elements, float* first,
                                          float* second) const {
  switch (kind) {
    case Kind::kSgd:
      return;
    case Kind::kAdagrad:
      std::fill_n(first, elements, initial_accumulator);
      return;
    case Kind::kRowwiseAdagrad:
      *first = initial_accumulator;
      return;
    case Kind::kAdam:
    case Kind::kAdamW:
      std::fill_n(first, elements, 0.0f);
      std::fill_n(second, elements, 0.0f);
      return;
    case Kind::kFtrl: {
      CHECK(weights != nullptr);
      const FtrlRule rule = Ftrl(1.0f);
      for (uint64_t i = 0; i < elements; ++i) first[i] = rule.InitialZ(weights[i]);
      std::fill_n(second, elements, 0.0f);
      return;
    }
  }
  CHECK(false, "no optimizer: ", kind);
}

}  // namespace chorus
