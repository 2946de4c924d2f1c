#pragma once
// Layers between the inputs and the logits. A layer holds the offsets of its parameters in the flat
// parameter array; weights are [in, out], row-major; hidden layers end with a ReLU. A backward pass
// overwrites the layer's own part of the flat gradient. Thread safety: values with const methods.

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
  bool linear = false;  // x W alone: batch normalisation adds the bias and the ReLU (batch_norm.h)

  Status Forward(Backend* backend, std::span<const float> parameters, MatrixView<const float> x,
                 MatrixView<float> y) const;
  // dy: overwritten with scratch.  dx: [rows, in], overwritten or added to.
  Status Backward(Backend* backend, std::span<const float> parameters, MatrixView<const float> x,
                  MatrixView<const float> y, MatrixView<float> dy, MatrixView<float> dx,
                  bool accumulate_dx, std::span<float> gradient) const;
};

// The two input matrices of a grain and the map between them. Rows after the real contexts and
// exposures are zero.
struct SplitInput {
  MatrixView<const float> contexts;   // [padded contexts, context inputs]
  MatrixView<const float> exposures;  // [padded rows, exposure inputs]
  RowIndex context_of;                // [real exposures]
};

// Gradients of the inputs. They may have fewer columns: the inputs without a gradient are the last
// ones.
struct SplitInputGradient {
  MatrixView<float> contexts;
  MatrixView<float> exposures;
};

// The first layer, y = relu(gather(C W_c, context_of) + E W_e + b). It is the joined product
// relu([C E] [W_c; W_e] + b), but every context is multiplied once. Backward sums the gradients of
// a context's exposures before it multiplies.
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
  // dy: overwritten with scratch.  context_sum: [padded contexts, out], scratch.  dx: overwritten.
  Status Backward(Backend* backend, std::span<const float> parameters, const SplitInput& x,
                  MatrixView<const float> y, MatrixView<float> dy, MatrixView<float> context_sum,
                  const SplitInputGradient& dx, std::span<float> gradient) const;
};

}  // namespace chorus::worker
