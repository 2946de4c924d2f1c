#include "worker/layers/slot_dots.h"

namespace chorus::worker {

Status SlotDots::Forward(const LayerCall& call) const {
  call.backend->ForEach(PairDotItems{call.x[0].y, call.x.back().y, dim_, inputs_ == 1, call.out.y});
  return Status::Ok();
}

Status SlotDots::Backward(const LayerCall& call) const {
  using Of = PairDotBackwardItems::Of;
  const auto pass_back = [&](Of of, MatrixView<const float> other, const LayerInput& x) {
    call.backend->ForEach(PairDotBackwardItems{call.out.dy, other, dim_, of, x.dy, x.accumulate});
  };
  if (inputs_ == 1) {
    pass_back(Of::kTriangle, call.x[0].y, call.x[0]);
    return Status::Ok();
  }
  pass_back(Of::kFirst, call.x[1].y, call.x[0]);
  pass_back(Of::kSecond, call.x[0].y, call.x[1]);
  return Status::Ok();
}

}  // namespace chorus::worker
