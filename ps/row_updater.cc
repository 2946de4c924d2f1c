#include "ps/row_updater.h"

#include <cmath>

#include "common/check.h"
#include "common/finite.h"

namespace chorus::ps {
namespace {

// Most rows have few updates: the bias corrections of those are kept here, with exactly the values
// that would be computed.
constexpr uint32_t kCachedCorrections = 1024;

// Elements are independent: the compiler may take several at once without changing a bit.
template <typename Rule>
void Elementwise(const Rule& rule, uint32_t dim, const float* __restrict gradient,
                 float* __restrict weights, float* __restrict state) {
  float* __restrict const second = state + dim;
  for (uint32_t i = 0; i < dim; ++i) {
    if constexpr (Rule::kStates == 0) rule(gradient[i], weights[i]);
    if constexpr (Rule::kStates == 1) rule(gradient[i], weights[i], state[i]);
    if constexpr (Rule::kStates == 2) rule(gradient[i], weights[i], state[i], second[i]);
  }
}

}  // namespace

RowUpdater::RowUpdater(const TableType* type)
    : type_(type),
      dim_(type->layout.dim),
      clip_norm_(type->spec.config.clip_norm()),
      weight_decay_(static_cast<float>(type->spec.config.weight_decay())),
      conditioned_(dim_) {
  if (type_->optimizer.kind != OptimizerParameters::Kind::kAdam) return;
  for (uint32_t t = 1; t <= kCachedCorrections; ++t) {
    corrections_.push_back(AdamCorrection(type_->optimizer.beta1, t));
    corrections_.push_back(AdamCorrection(type_->optimizer.beta2, t));
  }
}

void RowUpdater::BeginStep(uint64_t step, float lr_factor) {
  step_ = static_cast<uint32_t>(step);
  lr_factor_ = lr_factor;
}

bool RowUpdater::Apply(RowHeader* row, const float* gradient) {
  float* const weights = row->weights();
  if (clip_norm_ > 0 || weight_decay_ > 0) gradient = Condition(weights, gradient);
  // The count stays at the end of its range: Adam's bias is long gone by then.
  row->count += row->count != UINT32_MAX;
  row->last_step = step_;
  ApplyOptimizer(row->count, gradient, weights, weights + dim_);
  return AllFinite({weights, type_->layout.floats()});
}

void RowUpdater::ApplyOptimizer(uint32_t count, const float* gradient, float* weights,
                                float* state) const {
  using Kind = OptimizerParameters::Kind;
  const OptimizerParameters& optimizer = type_->optimizer;
  switch (optimizer.kind) {
    case Kind::kSgd:
      return Elementwise(optimizer.Sgd(lr_factor_), dim_, gradient, weights, state);
    case Kind::kAdagrad:
      return Elementwise(optimizer.Adagrad(lr_factor_), dim_, gradient, weights, state);
    case Kind::kRowwiseAdagrad:
      return ApplyRowwise(weights, state, gradient);
    case Kind::kAdam:
    case Kind::kAdamW:
      return Elementwise(AdamRuleOf(count), dim_, gradient, weights, state);
    case Kind::kFtrl:
      return Elementwise(optimizer.Ftrl(lr_factor_), dim_, gradient, weights, state);
  }
  CHECK(false, "no optimizer of tables: ", optimizer.kind);
}

const float* RowUpdater::Condition(const float* weights, const float* gradient) {
  float scale = 1.0f;
  if (clip_norm_ > 0) {
    double squares = 0;
    for (uint32_t i = 0; i < dim_; ++i) squares += double{gradient[i]} * double{gradient[i]};
    const double norm = std::sqrt(squares);
    if (norm > clip_norm_) scale = static_cast<float>(clip_norm_ / norm);
  }
  for (uint32_t i = 0; i < dim_; ++i) {
    conditioned_[i] = scale * gradient[i] + weight_decay_ * weights[i];
  }
  return conditioned_.data();
}

void RowUpdater::ApplyRowwise(float* weights, float* state, const float* gradient) const {
  const RowwiseAdagradRule rule = type_->optimizer.RowwiseAdagrad(lr_factor_);
  float squares = 0;
  for (uint32_t i = 0; i < dim_; ++i) squares += gradient[i] * gradient[i];
  const float scale = rule.Scale(squares, static_cast<int>(dim_), *state);
  for (uint32_t i = 0; i < dim_; ++i) rule.Apply(scale, gradient[i], weights[i]);
}

AdamRule RowUpdater::AdamRuleOf(uint32_t count) const {
  const OptimizerParameters& p = type_->optimizer;
  if (count > kCachedCorrections) return p.Adam(lr_factor_, count);
  const double* const pair = corrections_.data() + 2 * (count - 1);
  return MakeAdamRule(p.beta1, p.beta2, p.eps, p.ScaledLr(lr_factor_), p.weight_decay, pair[0],
                      pair[1]);
}

}  // namespace chorus::ps
