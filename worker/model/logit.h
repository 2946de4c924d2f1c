#pragma once
// The last layer of a tower, with one linear output. It reads hidden units, or the inputs of the
// grain: a tower without hidden layers is a logistic regression. Gradients are as in dense.h, with
// two differences in that of the input: it may be added to, since several logits can share an
// input, and it is multiplied by `pass_back` (Head::pass_back). Thread safety: values with const
// methods.

#include <cstdint>
#include <span>

#include "common/matrix_view.h"
#include "worker/math/backend.h"
#include "worker/model/dense.h"

namespace chorus::worker {

// z = x w + b.  x: [rows, in].  z, dz: [rows, 1] views.
struct LogitLayer {
  int64_t in = 0;
  int64_t weight = 0;
  int64_t bias = 0;
  float pass_back = 1;

  void Forward(Backend* backend, std::span<const float> parameters, MatrixView<const float> x,
               MatrixView<float> z) const;
  void Backward(Backend* backend, std::span<const float> parameters, MatrixView<const float> x,
                MatrixView<const float> dz, MatrixView<float> dx, bool accumulate_dx,
                std::span<float> gradient) const;
};

// z = gather(C w_c, context_of) + E w_e + b. Backward adds to the gradients of the inputs.
struct SplitLogitLayer {
  int64_t context_in = 0;
  int64_t exposure_in = 0;
  int64_t context_weight = 0;
  int64_t exposure_weight = 0;
  int64_t bias = 0;
  float pass_back = 1;

  // context_scratch: [padded contexts, 1].
  void Forward(Backend* backend, std::span<const float> parameters, const SplitInput& x,
               MatrixView<float> context_scratch, MatrixView<float> z) const;
  void Backward(Backend* backend, std::span<const float> parameters, const SplitInput& x,
                MatrixView<const float> dz, MatrixView<float> context_scratch,
                const SplitInputGradient& dx, std::span<float> gradient) const;
};

}  // namespace chorus::worker
