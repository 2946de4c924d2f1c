#pragma once
// Batch normalisation of a hidden layer (Ioffe & Szegedy, ICML 2015), before its bias and ReLU:
//   y = relu((z - mean) / sqrt(variance + 1e-5) + bias),   z = x W
// In training mean and variance are those of z over the exposures of one grain, so that a grain's
// result depends on the grain alone; else the running ones, which are parameter blocks. There is no
// learnt factor: the weights after a ReLU can hold it.
//
// The running statistics' part of a grain's gradient is its own mean and variance, and 1 in the
// layer's count (all 0 for a grain without exposures). Summed along the tree with the gradient they
// make ParameterLayout::UpdateStatistics' step.
// Thread safety: BatchNormLayer is a value, const; a BatchNormBuffers serves one grain at a time.

#include <cstdint>
#include <span>

#include "worker/math/activation.h"
#include "worker/math/backend.h"

namespace chorus::worker {

struct BatchNormBuffers {
  AlignedMatrix normalized;  // [grain_rows, width], before the bias
  AlignedMatrix moments;     // [2, width], mean and variance that were used
};

struct BatchNormLayer {
  int64_t width = 0;     // 0: this layer is not normalised
  int64_t bias = 0;      // offsets, of the normalised layer's own bias
  int64_t mean = 0;      // [1, width]
  int64_t variance = 0;  // [1, width]
  int64_t count = 0;     // [1, 1]

  BatchNormBuffers NewBuffers(int64_t grain_rows, MatrixMemory* memory) const;
  // y: [grain_rows, width], holds z. rows: real exposures; what stands after them becomes 0.
  void Forward(Backend* backend, std::span<const float> parameters, bool training, int64_t rows,
               MatrixView<float> y, BatchNormBuffers* buffers) const;
  // layer.dy: becomes the gradient of z, 0 after the real exposures.
  void Backward(Backend* backend, bool training, int64_t rows, const ActivationView& layer,
                BatchNormBuffers* buffers, std::span<float> gradient) const;
};

}  // namespace chorus::worker
