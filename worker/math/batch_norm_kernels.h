#pragma once
// The element loops of batch normalisation (worker/layers/batch_norm.h). Sums over rows are in
// double and in order of rows. Thread safety: pure functions of their arguments.

#include "common/matrix_view.h"

namespace chorus::worker {

// Mean and (biased) variance of each column of z; 0 and 1 when z has no rows.
// mean, variance: [z.cols].
void ColumnMoments(MatrixView<const float> z, float* mean, float* variance);
// normalized = (z - mean) / sqrt(variance + 1e-5), y = relu(normalized + bias).  y: z on entry.
void NormalizeRelu(const float* mean, const float* variance, const float* bias,
                   MatrixView<float> normalized, MatrixView<float> y);
// gradient: with respect to `normalized` on entry, to z on return. of_moments: whether mean and
// variance are functions of z (training) or constants.
void NormalizeBackward(MatrixView<const float> normalized, const float* variance, bool of_moments,
                       MatrixView<float> gradient);

}  // namespace chorus::worker
