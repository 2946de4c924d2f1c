#pragma once
// Batch normalisation of a hidden layer (Ioffe & Szegedy, ICML 2015), before its bias and ReLU:
//   y = relu((z - mean) / sqrt(variance + 1e-5) + bias),   z = x W
// In training, mean and variance are those of z over the exposures of one grain, so that a grain's
// result depends on the grain alone. Otherwise they are the running statistics, which are parameter
// blocks. There is no learnt factor: the weights behind the ReLU can express it.
//
// In the gradient of a grain, the blocks of the running statistics hold the grain's own mean and
// variance, and the layer's count holds 1; all are 0 for a grain without exposures. They are summed
// along the tree with the rest of the gradient, and ParameterLayout::UpdateStatistics uses the
// sums. Thread safety: the methods of BatchNormLayer are const; a BatchNormBuffers serves one grain
// at a time.

#include <cstdint>
#include <span>

#include "worker/math/activation.h"
#include "worker/math/backend.h"

namespace chorus::worker {

struct BatchNormBuffers {
  AlignedMatrix normalized;  // [grain_rows, width], before the bias
  AlignedMatrix moments;     // [2, width], the mean and variance of the last forward pass
};

struct BatchNormLayer {
  int64_t width = 0;  // 0: this layer is not normalised
  // Offsets in the flat parameter array. bias: that of the normalised layer.
  int64_t bias = 0;
  int64_t mean = 0;      // [1, width]
  int64_t variance = 0;  // [1, width]
  int64_t count = 0;     // [1, 1]

  BatchNormBuffers NewBuffers(int64_t grain_rows, MatrixMemory* memory) const;
  // y: [grain_rows, width], z on entry. rows: the number of real exposures; later rows become 0.
  void Forward(Backend* backend, std::span<const float> parameters, bool training, int64_t rows,
               MatrixView<float> y, BatchNormBuffers* buffers) const;
  // layer.dy: becomes the gradient of z, and 0 in the rows after the real exposures.
  void Backward(Backend* backend, bool training, int64_t rows, const ActivationView& layer,
                BatchNormBuffers* buffers, std::span<float> gradient) const;
};

}  // namespace chorus::worker
