#pragma once
// One update of one row: clips its gradient, adds weight decay, applies the optimizer, counts.
// Thread safety: none, it owns scratch memory; each owner thread has one per table.

#include <cstdint>
#include <vector>

#include "ps/row.h"
#include "ps/table_type.h"

namespace chorus::ps {

class RowUpdater {
 public:
  explicit RowUpdater(const TableType* type);

  // Sets the step and the factor of the learning rate for the Apply calls that follow.
  void BeginStep(uint64_t step, float lr_factor);
  // gradient: [dim], combined over the step's grains. In this order:
  //   g *= clip_norm / |g| if |g| > clip_norm > 0; g += weight_decay * w; count and last_step;
  //   optimizer
  // Returns false when a weight or a float of the optimizer's state is not finite afterwards.
  [[nodiscard]] bool Apply(RowHeader* row, const float* gradient);

 private:
  const float* Condition(const float* weights, const float* gradient);
  void ApplyOptimizer(uint32_t count, const float* gradient, float* weights, float* state) const;
  void ApplyRowwise(float* weights, float* state, const float* gradient) const;
  AdamRule AdamRuleOf(uint32_t count) const;

  const TableType* const type_;
  const uint32_t dim_;
  const double clip_norm_;
  const float weight_decay_;
  float lr_factor_ = 1;
  uint32_t step_ = 0;
  std::vector<float> conditioned_;  // [dim]
  // Adam: [2 (t - 1)] = 1 - beta1^t and [2 (t - 1) + 1] = 1 - beta2^t.
  std::vector<double> corrections_;
};

}  // namespace chorus::ps
