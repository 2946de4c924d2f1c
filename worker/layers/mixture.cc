#include "worker/layers/mixture.h"

namespace chorus::worker {
namespace {

// Scratch matrices.
constexpr size_t kShares = 0;
constexpr size_t kShareGradients = 1;

}  // namespace

std::vector<ScratchShape> Mixture::scratch() const {
  return {{.cols = experts_}, {.cols = experts_}};
}

RowCost Mixture::cost() const {
  const double flops = static_cast<double>(experts_) * (2.0 * static_cast<double>(width_) + 4.0);
  return {.exposure = flops};
}

Status Mixture::Forward(const LayerCall& call) const {
  const MatrixView<float> shares = call.scratch[kShares].Top(call.out.y.rows);
  call.backend->ForEach(SoftmaxItems{call.x[0].y, shares});
  for (int64_t e = 0; e < experts_; ++e) {
    const MatrixView<const float> expert = call.x[static_cast<size_t>(e) + 1].y;
    call.backend->ForEach(ScaleRowsItems{shares.Columns(e, 1), expert, call.out.y, e > 0});
  }
  return Status::Ok();
}

Status Mixture::Backward(const LayerCall& call) const {
  const MatrixView<float> dy = call.out.dy;
  const MatrixView<float> shares = call.scratch[kShares].Top(dy.rows);
  const MatrixView<float> dshares = call.scratch[kShareGradients].Top(dy.rows);
  for (int64_t e = 0; e < experts_; ++e) {
    const LayerInput& expert = call.x[static_cast<size_t>(e) + 1];
    call.backend->ForEach(RowDotItems{dy, expert.y, dshares.Columns(e, 1), false});
    call.backend->ForEach(ScaleRowsItems{shares.Columns(e, 1), dy, expert.dy, expert.accumulate});
  }
  call.backend->ForEach(SoftmaxBackwardItems{shares, dshares});
  call.backend->ForEach(AddScaledItems{1.0f, dshares, call.x[0].dy, call.x[0].accumulate});
  return Status::Ok();
}

}  // namespace chorus::worker
