#include "worker/layers/dice.h"

#include "worker/layers/column_sum.h"

namespace chorus::worker {
namespace {

// Scratch matrices.
enum DiceMatrix : size_t {
  kDiceNormalized,
  kDiceMoments,  // mean and variance of the last forward pass
  kNoBias,
  kDirect,  // gradients, see DiceBackwardItems
  kOfNormalized,
  kOfAlpha,
  kDiceOnes,
};

}  // namespace

std::vector<ScratchShape> Dice::scratch() const {
  const ScratchShape units = {.cols = width_};
  return {units,      {.cols = width_, .rows = 2}, {.cols = width_, .rows = 1}, units, units, units,
          {.cols = 1}};
}

Status Dice::Forward(const LayerCall& call) const {
  const int64_t rows = call.grain.exposures();
  const MatrixView<float> y = call.out.y.Rows(0, rows);
  const MatrixView<const float> x = call.x[0].y.Rows(0, rows);
  const MatrixView<float> moments = call.scratch[kDiceMoments].view();
  const MatrixView<float> no_bias = call.scratch[kNoBias].view();
  const MatrixView<float> normalized = call.scratch[kDiceNormalized].Top(rows);
  Backend& backend = *call.backend;
  moments_->Read(call, x, moments);
  // The ReLU's result in y is overwritten.
  backend.Fill(0.0f, no_bias);
  backend.Copy(x, y);
  backend.NormalizeRelu(moments.row(0), moments.row(1), no_bias.row(0), normalized, y);
  const auto alpha = RepeatedRow(call.parameters, alpha_, rows, width_);
  backend.ForEach(DiceItems{x, normalized, alpha, y});
  backend.Fill(0.0f, call.out.y.Rows(rows, call.out.y.rows - rows));
  return Status::Ok();
}

Status Dice::Backward(const LayerCall& call) const {
  const int64_t rows = call.grain.exposures();
  const LayerInput& x = call.x[0];
  const auto top = [&](DiceMatrix matrix) { return call.scratch[matrix].Top(rows); };
  const MatrixView<float> direct = top(kDirect), of_normalized = top(kOfNormalized);
  const MatrixView<float> moments = call.scratch[kDiceMoments].view();
  Backend& backend = *call.backend;
  backend.ForEach(DiceBackwardItems{
      x.y.Rows(0, rows), top(kDiceNormalized), RepeatedRow(call.parameters, alpha_, rows, width_),
      call.out.dy.Rows(0, rows), direct, of_normalized, top(kOfAlpha)});
  backend.NormalizeBackward(top(kDiceNormalized), moments.row(1), call.grain.training(),
                            of_normalized);
  const MatrixView<float> dx = x.dy.Rows(0, rows);
  backend.ForEach(AddScaledItems{1.0f, direct.Columns(0, dx.cols), dx, x.accumulate});
  backend.ForEach(AddScaledItems{1.0f, of_normalized.Columns(0, dx.cols), dx, true});
  if (!x.accumulate) backend.Fill(0.0f, x.dy.Rows(rows, x.dy.rows - rows));
  SumColumns(backend, top(kOfAlpha), call.scratch[kDiceOnes], call.gradient.data() + alpha_);
  moments_->Write(call, moments);
  return Status::Ok();
}

}  // namespace chorus::worker
