#pragma once
// Layers between the inputs and the logits. A layer knows where its parameters lie in the flat
// array; weights are [in, out], row-major; hidden layers end in a ReLU. Gradients are overwritten,
// each layer its own part of the flat gradient. Thread safety: values; const.

#include <cstdint>
#include <span>

#include "common/matrix_view.h"
#include "common/status.h"
#include "worker/math/backend.h"

namespace chorus::worker {

// y = relu(x W + b), or x W alone.  x: [rows, in].  y: [rows, out].
struct DenseLayer {
  int64_t in = 0;
  int64_t out = 0;
  int64_t weight = 0;   // offset of W
  int64_t bias = 0;     // offset of b
  bool linear = false;  // bias and ReLU are another's, with their gradients (batch_norm.h)

  Status Forward(Backend* backend, std::span<const float> parameters, MatrixView<const float> x,
                 MatrixView<float> y) const;
  // dy: used up.  dx: [rows, in], overwritten or added to.
  Status Backward(Backend* backend, std::span<const float> parameters, MatrixView<const float> x,
                  MatrixView<const float> y, MatrixView<float> dy, MatrixView<float> dx,
                  bool accumulate_dx, std::span<float> gradient) const;
};

// The two input matrices of a grain and what joins them.
struct SplitInput {
  MatrixView<const float>
      contexts;  // [padded contexts, context inputs], zero rows after the real ones
  MatrixView<const float>
      exposures;        // [padded rows, exposure inputs], zero rows after the real ones
  RowIndex context_of;  // of the real exposures
};

// Gradients of the inputs; they may have fewer columns: inputs without a gradient stand last.
struct SplitInputGradient {
  MatrixView<float> contexts;
  MatrixView<float> exposures;
};

// The first layer, y = relu(gather(C W_c, context_of) + E W_e + b): the joined product relu([C E]
// [W_c; W_e] + b) with every context multiplied once. Backward sums over a context's exposures
// before it multiplies.
struct SplitLayer {
  int64_t context_in = 0;  // 0: no context inputs, and no W_c
  int64_t exposure_in = 0;
  int64_t out = 0;
  int64_t context_weight = 0;
  int64_t exposure_weight = 0;
  int64_t bias = 0;
  bool linear = false;

  // context_product: [padded contexts, out], scratch.
  Status Forward(Backend* backend, std::span<const float> parameters, const SplitInput& x,
                 MatrixView<float> context_product, MatrixView<float> y) const;
  // dy: used up.  context_sum: [padded contexts, out], scratch.  dx: overwritten.
  Status Backward(Backend* backend, std::span<const float> parameters, const SplitInput& x,
                  MatrixView<const float> y, MatrixView<float> dy, MatrixView<float> context_sum,
                  const SplitInputGradient& dx, std::span<float> gradient) const;
};

}  // namespace chorus::worker
