#include "worker/layers/bi_interaction.h"

#include <utility>

#include "common/check.h"

namespace chorus::worker {
namespace {

// Scratch matrices. The first two are per context: sums over slots, then sums of gradients.
constexpr size_t kContextSum = 0;
constexpr size_t kContextSquares = 1;
constexpr size_t kSum = 2;
constexpr size_t kSquares = 3;

}  // namespace

BiInteraction::BiInteraction(int64_t dim, std::vector<int64_t> slots, std::vector<Side> sides)
    : dim_(dim), slots_(std::move(slots)), sides_(std::move(sides)) {
  CHECK(slots_.size() == sides_.size() && !sides_.empty() && sides_.size() <= 2);
  CHECK(sides_.size() == 1 || (sides_[0] == Side::kContext && sides_[1] == Side::kExposure));
}

std::vector<ScratchShape> BiInteraction::scratch() const {
  return std::vector<ScratchShape>(4, {.cols = dim_});
}

RowCost BiInteraction::cost() const {
  RowCost cost;
  for (size_t i = 0; i < sides_.size(); ++i) {
    (sides_[i] == Side::kContext ? cost.context : cost.exposure) +=
        3.0 * static_cast<double>(slots_[i] * dim_);
  }
  cost.exposure += 3.0 * static_cast<double>(dim_);
  return cost;
}

Status BiInteraction::Forward(const LayerCall& call) const {
  const MatrixView<float> y = call.out.y;
  const MatrixView<float> sum = call.scratch[kSum].Top(y.rows);
  const MatrixView<float> squares = call.scratch[kSquares].Top(y.rows);
  const bool gathers = sides_.size() == 2;
  if (gathers) {
    const MatrixView<float> of_contexts = call.OfContexts(kContextSum);
    const MatrixView<float> squares_of_contexts = call.OfContexts(kContextSquares);
    call.backend->ForEach(
        SlotSumItems{call.x[0].y, slots_[0], of_contexts, squares_of_contexts, false});
    call.backend->GatherRows(of_contexts, call.grain.context_of, sum);
    call.backend->GatherRows(squares_of_contexts, call.grain.context_of, squares);
  }
  call.backend->ForEach(SlotSumItems{call.x.back().y, slots_.back(), sum, squares, gathers});
  call.backend->ForEach(MultiplyItems{sum, sum, 0.5f, y, false});
  call.backend->ForEach(AddScaledItems{-0.5f, squares, y, true});
  return Status::Ok();
}

Status BiInteraction::Backward(const LayerCall& call) const {
  const MatrixView<float> dy = call.out.dy;
  const MatrixView<float> sum = call.scratch[kSum].Top(dy.rows);
  const MatrixView<float> dsum = call.scratch[kSquares].Top(dy.rows);  // squares are used up
  call.backend->ForEach(MultiplyItems{dy, sum, 1.0f, dsum, false});
  const auto pass_back = [&](const LayerInput& x, MatrixView<const float> of_sum,
                             MatrixView<const float> of_squares) {
    call.backend->ForEach(SlotSumBackwardItems{x.y, of_sum, of_squares, x.dy, x.accumulate});
  };
  pass_back(call.x.back(), dsum, dy);
  if (sides_.size() == 1) return Status::Ok();
  const MatrixView<float> dsum_of_contexts = call.OfContexts(kContextSum);
  const MatrixView<float> dy_of_contexts = call.OfContexts(kContextSquares);
  call.backend->SumRowsByIndex(dsum, call.grain.context_of, dsum_of_contexts);
  call.backend->SumRowsByIndex(dy, call.grain.context_of, dy_of_contexts);
  pass_back(call.x[0], dsum_of_contexts, dy_of_contexts);
  return Status::Ok();
}

}  // namespace chorus::worker
