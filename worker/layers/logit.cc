#include "worker/layers/logit.h"

#include <algorithm>
#include <utility>

#include "common/check.h"

namespace chorus::worker {

Logit::Logit(std::vector<LinearInput> inputs, int64_t bias, float pass_back)
    : inputs_(std::move(inputs)), bias_(bias), pass_back_(pass_back) {
  CHECK(!inputs_.empty());
}

bool Logit::reads_contexts() const {
  return std::any_of(inputs_.begin(), inputs_.end(),
                     [](const LinearInput& input) { return input.side == Side::kContext; });
}

void Logit::Dot(const LayerCall& call, size_t input, const float* bias, MatrixView<float> z) const {
  const float* const weight = call.parameters.data() + inputs_[input].weight;
  if (call.x[input].tiles.y) {
    call.backend->DotTileRows(call.x[input].tiles.y, weight, bias, z);
  } else {
    call.backend->DotRows(call.x[input].y, weight, bias, z);
  }
}

Status Logit::Forward(const LayerCall& call) const {
  const MatrixView<float> z = call.out.y;
  const float* const bias = call.parameters.data() + bias_;
  bool first = true;
  for (size_t i = 0; i < inputs_.size(); ++i) {
    if (inputs_[i].side == Side::kContext) continue;
    if (first) {
      Dot(call, i, bias, z);
    } else {
      const float* const weight = call.parameters.data() + inputs_[i].weight;
      const MatrixView<const float> x = call.x[i].y;
      call.backend->ForEach(RowDotItems{x, {weight, x.rows, x.cols, 0}, z, true});
    }
    first = false;
  }
  if (first) call.backend->DotRows(z.Columns(0, 0), nullptr, bias, z);
  for (size_t i = 0; i < inputs_.size(); ++i) {
    if (inputs_[i].side == Side::kExposure) continue;
    const MatrixView<float> product = call.OfContexts(0);
    Dot(call, i, nullptr, product);
    call.backend->AddGatheredRows(product, call.grain.context_of, z);
  }
  return Status::Ok();
}

Status Logit::Backward(const LayerCall& call) const {
  MatrixView<const float> dz = call.out.dy;
  call.backend->SumColumn(dz, call.gradient.data() + bias_);
  const auto pass_back = [&](size_t i) {
    const LayerInput& x = call.x[i];
    if (x.tiles.y) {
      call.backend->DotTileRowsBackward(x.tiles.y, call.parameters.data() + inputs_[i].weight, dz,
                                        call.gradient.data() + inputs_[i].weight, x.tiles.dy,
                                        pass_back_);
      return;
    }
    call.backend->DotRowsBackward(x.y, call.parameters.data() + inputs_[i].weight, dz,
                                  call.gradient.data() + inputs_[i].weight, x.dy, pass_back_,
                                  x.accumulate);
  };
  for (size_t i = 0; i < inputs_.size(); ++i) {
    if (inputs_[i].side == Side::kExposure) pass_back(i);
  }
  if (!reads_contexts()) return Status::Ok();
  const MatrixView<float> sum = call.OfContexts(0);
  call.backend->SumRowsByIndex(dz, call.grain.context_of, sum);
  dz = sum;
  for (size_t i = 0; i < inputs_.size(); ++i) {
    if (inputs_[i].side == Side::kContext) pass_back(i);
  }
  return Status::Ok();
}

std::vector<ScratchShape> Logit::scratch() const {
  if (!reads_contexts()) return {};
  return {{.cols = 1}};
}

RowCost Logit::cost() const {
  RowCost cost;
  for (const LinearInput& input : inputs_) {
    (input.side == Side::kContext ? cost.context : cost.exposure) +=
        2.0 * static_cast<double>(input.width);
  }
  return cost;
}

}  // namespace chorus::worker
