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
  const MatrixView<float> moments = call.scratch[kMoments].view();
  moments_->Read(call, y.Rows(0, rows), moments);
  call.backend->NormalizeRelu(moments.row(0), moments.row(1), call.parameters.data() + bias_,
                              call.scratch[kNormalized].Top(rows), y.Rows(0, rows));
  call.backend->Fill(0.0f, y.Rows(rows, y.rows - rows));
  return Status::Ok();
}

Status BatchNorm::Backward(const LayerCall& call) const {
  const int64_t rows = call.grain.exposures();
  const MatrixView<float> dy = call.out.dy.Rows(0, rows);
  const MatrixView<float> moments = call.scratch[kMoments].view();
  call.backend->ReluBackward(call.out.y.Rows(0, rows), dy, call.gradient.data() + bias_);
  call.backend->NormalizeBackward(call.scratch[kNormalized].Top(rows), moments.row(1),
                                  call.grain.training(), dy);
  call.backend->Fill(0.0f, call.out.dy.Rows(rows, call.out.dy.rows - rows));
  moments_->Write(call, moments);
  return Status::Ok();
}

}  // namespace chorus::worker
