#include "worker/layer/batch_norm.h"

#include <algorithm>

#include "worker/layer/kernels.h"

namespace chorus::worker {

BatchNormBuffers BatchNormLayer::NewBuffers(int64_t grain_rows, MatrixMemory* memory) const {
  if (width == 0) return {};
  return {AlignedMatrix(grain_rows, width, memory), AlignedMatrix(2, width, memory)};
}

void BatchNormLayer::Forward(Backend* backend, std::span<const float> parameters, bool training,
                             int64_t rows, MatrixView<float> y, BatchNormBuffers* buffers) const {
  if (width == 0) return;
  float* const used_mean = buffers->moments.view().row(0);
  float* const used_variance = buffers->moments.view().row(1);
  if (training) {
    backend->ColumnMoments(y.Rows(0, rows), used_mean, used_variance);
  } else {
    std::copy_n(parameters.data() + mean, width, used_mean);
    std::copy_n(parameters.data() + variance, width, used_variance);
  }
  backend->NormalizeRelu(used_mean, used_variance, parameters.data() + bias,
                         buffers->normalized.Top(rows), y.Rows(0, rows));
  FillZero(y.Rows(rows, y.rows - rows));
}

void BatchNormLayer::Backward(Backend* backend, bool training, int64_t rows,
                              const ActivationView& layer, BatchNormBuffers* buffers,
                              std::span<float> gradient) const {
  if (width == 0) return;
  const MatrixView<float> dy = layer.dy.Rows(0, rows);
  const MatrixView<float> moments = buffers->moments.view();
  backend->ReluBackward(layer.y.Rows(0, rows), dy, gradient.data() + bias);
  backend->NormalizeBackward(buffers->normalized.Top(rows), moments.row(1), training, dy);
  FillZero(layer.dy.Rows(rows, layer.dy.rows - rows));
  const bool counts = training && rows > 0;
  gradient[count] = counts ? 1.0f : 0.0f;
  for (int64_t j = 0; j < width; ++j) {
    gradient[mean + j] = counts ? moments(0, j) : 0.0f;
    gradient[variance + j] = counts ? moments(1, j) : 0.0f;
  }
}

}  // namespace chorus::worker
