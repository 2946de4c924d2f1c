#include "worker/layers/batch_norm.h"

namespace chorus::worker {
namespace {

// Scratch matrices.
constexpr size_t kNormalized = 0;  // before the bias
constexpr size_t kMoments = 1;     // mean and variance of the last forward pass

}  // namespace

std::vector<ScratchShape> BatchNorm::scratch() const {
  return {{.cols = width_}, {.cols = width_, .rows = 2}};
}

Status BatchNorm::Forward(const LayerCall& call) const {
  const int64_t rows = call.grain.exposures();
  const MatrixView<float> y = call.out.y;
  float* const mean = call.scratch[kMoments].view().row(0);
  float* const variance = call.scratch[kMoments].view().row(1);
  if (call.grain.training()) {
    call.backend->ColumnMoments(y.Rows(0, rows), mean, variance);
  } else {
    const float* const parameters = call.parameters.data();
    call.backend->Copy({parameters + statistics_.mean, 1, width_}, {mean, 1, width_});
    call.backend->Copy({parameters + statistics_.variance, 1, width_}, {variance, 1, width_});
  }
  call.backend->NormalizeRelu(mean, variance, call.parameters.data() + bias_,
                              call.scratch[kNormalized].Top(rows), y.Rows(0, rows));
  call.backend->Fill(0.0f, y.Rows(rows, y.rows - rows));
  return Status::Ok();
}

Status BatchNorm::Backward(const LayerCall& call) const {
  const int64_t rows = call.grain.exposures();
  const MatrixView<float> dy = call.out.dy.Rows(0, rows);
  call.backend->ReluBackward(call.out.y.Rows(0, rows), dy, call.gradient.data() + bias_);
  call.backend->NormalizeBackward(call.scratch[kNormalized].Top(rows),
                                  call.scratch[kMoments].view().row(1), call.grain.training(), dy);
  call.backend->Fill(0.0f, call.out.dy.Rows(rows, call.out.dy.rows - rows));
  WriteMoments(call);
  return Status::Ok();
}

// A grain without exposures has no moments: it adds nothing to the statistics' sums and counts.
void BatchNorm::WriteMoments(const LayerCall& call) const {
  const bool counts = call.grain.training() && call.grain.exposures() > 0;
  float* const gradient = call.gradient.data();
  const MatrixView<float> moments = call.scratch[kMoments].view();
  const MatrixView<float> of_mean = {gradient + statistics_.mean, 1, width_};
  const MatrixView<float> of_variance = {gradient + statistics_.variance, 1, width_};
  call.backend->Fill(counts ? 1.0f : 0.0f, {gradient + statistics_.count, 1, 1});
  if (counts) {
    call.backend->Copy(moments.Rows(0, 1), of_mean);
    call.backend->Copy(moments.Rows(1, 1), of_variance);
  } else {
    call.backend->Fill(0.0f, of_mean);
    call.backend->Fill(0.0f, of_variance);
  }
}

}  // namespace chorus::worker
