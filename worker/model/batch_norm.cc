#include "worker/model/batch_norm.h"

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
    backend->Copy({parameters.data() + mean, 1, width}, {used_mean, 1, width});
    backend->Copy({parameters.data() + variance, 1, width}, {used_variance, 1, width});
  }
  backend->NormalizeRelu(used_mean, used_variance, parameters.data() + bias,
                         buffers->normalized.Top(rows), y.Rows(0, rows));
  backend->Fill(0.0f, y.Rows(rows, y.rows - rows));
}

void BatchNormLayer::Backward(Backend* backend, bool training, int64_t rows,
                              const ActivationView& layer, BatchNormBuffers* buffers,
                              std::span<float> gradient) const {
  if (width == 0) return;
  const MatrixView<float> dy = layer.dy.Rows(0, rows);
  const MatrixView<float> moments = buffers->moments.view();
  backend->ReluBackward(layer.y.Rows(0, rows), dy, gradient.data() + bias);
  backend->NormalizeBackward(buffers->normalized.Top(rows), moments.row(1), training, dy);
  backend->Fill(0.0f, layer.dy.Rows(rows, layer.dy.rows - rows));
  // A grain without exposures has no moments: it adds nothing to the statistics' sums and counts.
  const bool counts = training && rows > 0;
  backend->Fill(counts ? 1.0f : 0.0f, {gradient.data() + count, 1, 1});
  const MatrixView<float> of_mean = {gradient.data() + mean, 1, width};
  const MatrixView<float> of_variance = {gradient.data() + variance, 1, width};
  if (counts) {
    backend->Copy(moments.Rows(0, 1), of_mean);
    backend->Copy(moments.Rows(1, 1), of_variance);
  } else {
    backend->Fill(0.0f, of_mean);
    backend->Fill(0.0f, of_variance);
  }
}

}  // namespace chorus::worker
