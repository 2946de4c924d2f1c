#include "worker/layers/cross.h"

namespace chorus::worker {

Status Cross::Forward(const LayerCall& call) const {
  call.backend->Copy(call.x[2].y, call.out.y);
  call.backend->ForEach(MultiplyItems{call.x[0].y, call.x[1].y, 1.0f, call.out.y, true});
  return Status::Ok();
}

Status Cross::Backward(const LayerCall& call) const {
  const MatrixView<float> dy = call.out.dy;
  const LayerInput &x0 = call.x[0], &v = call.x[1], &xl = call.x[2];
  call.backend->ForEach(MultiplyItems{dy, v.y, 1.0f, x0.dy, x0.accumulate});
  call.backend->ForEach(MultiplyItems{dy, x0.y, 1.0f, v.dy, v.accumulate});
  call.backend->ForEach(AddScaledItems{1.0f, dy, xl.dy, xl.accumulate});
  return Status::Ok();
}

}  // namespace chorus::worker
