#include "worker/layers/prelu.h"

#include "worker/layers/column_sum.h"

namespace chorus::worker {
namespace {

// Scratch matrices.
constexpr size_t kAlphaTerms = 0;  // of each row, to the gradient of alpha
constexpr size_t kAlphaOnes = 1;

}  // namespace

Status PRelu::Forward(const LayerCall& call) const {
  const MatrixView<float> y = call.out.y;
  const auto alpha = RepeatedRow(call.parameters, alpha_, y.rows, width_);
  call.backend->ForEach(LeakItems{call.x[0].y, alpha, y});
  return Status::Ok();
}

Status PRelu::Backward(const LayerCall& call) const {
  const LayerInput& x = call.x[0];
  const MatrixView<float> dy = call.out.dy;
  const MatrixView<float> terms = call.scratch[kAlphaTerms].Top(dy.rows);
  const auto alpha = RepeatedRow(call.parameters, alpha_, dy.rows, width_);
  call.backend->ForEach(LeakBackwardItems{x.y, alpha, dy, terms, x.dy, x.accumulate});
  SumColumns(*call.backend, terms, call.scratch[kAlphaOnes], call.gradient.data() + alpha_);
  return Status::Ok();
}

}  // namespace chorus::worker
