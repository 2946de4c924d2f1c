#pragma once
// Weights as matrices, and the backward pass of a product with them; layers that multiply share
// both. Thread safety: functions of their arguments.

#include <cstdint>
#include <span>

#include "worker/layers/layer.h"
#include "worker/math/row_stride.h"

namespace chorus::worker {

// W, [in, out], in the flat array of parameters or of their gradient.
struct WeightPlace {
  int64_t offset = 0;
  int64_t in = 0;
  int64_t out = 0;

  template <typename T>
  MatrixView<T> In(std::span<T> values) const {
    return {values.data() + offset, in, out, RowStride(out)};
  }
};

// The backward pass of y = x W: dW = x^T dy, or += it, and dx = dy W^T, or += it, for the inputs
// that dx has.
inline Status BackwardProduct(const LayerCall& call, const WeightPlace& weight,
                              MatrixView<const float> x, MatrixView<const float> dy,
                              MatrixView<float> dx, bool accumulate_dx,
                              bool accumulate_dw = false) {
  RETURN_IF_ERROR(call.backend->Gemm({.transpose_a = true, .accumulate = accumulate_dw}, x, dy,
                                     weight.In(call.gradient)));
  const MatrixView<const float> w = weight.In(call.parameters);
  return call.backend->Gemm({.transpose_b = true, .accumulate = accumulate_dx}, dy,
                            w.Rows(0, dx.cols), dx);
}

}  // namespace chorus::worker
