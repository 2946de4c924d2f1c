#include "worker/layers/layer_norm.h"

#include "worker/layers/column_sum.h"

namespace chorus::worker {
namespace {

// Scratch matrices.
enum LayerNormMatrix : size_t {
  kRowMoments,  // of each row: mean, inverse deviation
  kRowNormalized,
  kGainTerms,  // of each row, to the gradient of the gain
  kRowOnes,
};

}  // namespace

std::vector<ScratchShape> LayerNorm::scratch() const {
  return {{.cols = 2}, {.cols = width_}, {.cols = width_}, {.cols = 1}};
}

Status LayerNorm::Forward(const LayerCall& call) const {
  const MatrixView<float> y = call.out.y;
  const MatrixView<float> moments = call.scratch[kRowMoments].Top(y.rows);
  const auto row = [&](int64_t offset) {
    return RepeatedRow(call.parameters, offset, y.rows, width_);
  };
  call.backend->ForEach(RowMomentsItems{call.x[0].y, moments});
  call.backend->ForEach(RowNormalizeItems{call.x[0].y, moments, row(gain_), row(bias_),
                                          call.scratch[kRowNormalized].Top(y.rows), y});
  return Status::Ok();
}

Status LayerNorm::Backward(const LayerCall& call) const {
  const LayerInput& x = call.x[0];
  const MatrixView<float> dy = call.out.dy;
  const auto top = [&](LayerNormMatrix matrix) { return call.scratch[matrix].Top(dy.rows); };
  call.backend->ForEach(RowNormalizeBackwardItems{
      top(kRowNormalized), top(kRowMoments), RepeatedRow(call.parameters, gain_, dy.rows, width_),
      dy, x.dy, x.accumulate});
  call.backend->ForEach(MultiplyItems{dy, top(kRowNormalized), 1.0f, top(kGainTerms), false});
  SumColumns(*call.backend, top(kGainTerms), call.scratch[kRowOnes], call.gradient.data() + gain_);
  SumColumns(*call.backend, dy, call.scratch[kRowOnes], call.gradient.data() + bias_);
  return Status::Ok();
}

}  // namespace chorus::worker
