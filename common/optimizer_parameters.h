#pragma once
// An optimizer's parameters as plain numbers, and the rules (optimizer.h) that they give for one
// step.
// Thread safety: values.

#include <cstdint>

#include "common/optimizer.h"

namespace chorus {

struct OptimizerParameters {
  enum class Kind { kSgd, kAdagrad, kRowwiseAdagrad, kAdam, kAdamW, kFtrl };
  Kind kind = Kind::kSgd;
  double lr = 0;                  // FTRL: alpha
  float initial_accumulator = 0;  // Adagrad, row-wise Adagrad
  float eps = 0;
  double beta1 = 0, beta2 = 0;     // Adam, AdamW
  double weight_decay = 0;         // AdamW
  float beta = 0, l1 = 0, l2 = 0;  // FTRL

  // Floats of state that go with `elements` weights (of a row, or of a dense array).
  uint32_t state_floats(uint32_t elements) const;

  // lr_factor: the schedule's factor of the step. t >= 1: the number of this update of the row or
  // array.
  float ScaledLr(float lr_factor) const;
  SgdRule Sgd(float lr_factor) const { return {ScaledLr(lr_factor)}; }
  AdagradRule Adagrad(float lr_factor) const { return {ScaledLr(lr_factor), eps}; }
  RowwiseAdagradRule RowwiseAdagrad(float lr_factor) const { return {ScaledLr(lr_factor), eps}; }
  AdamRule Adam(float lr_factor, uint64_t t) const;  // AdamW too
  FtrlRule Ftrl(float lr_factor) const { return {ScaledLr(lr_factor), beta, l1, l2}; }

  // Fills the arrays `first` and `second` (optimizer.h; [elements], as far as the rule has them) for
  // weights that have their initial values. Row-wise Adagrad has one float, *first. weights: read by
  // FTRL alone; null for other rules where they are not known.
  void InitializeState(const float* weights, uint64_t elements, float* first, float* second) const;
};

}  // namespace chorus
