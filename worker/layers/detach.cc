#include "worker/layers/detach.h"

namespace chorus::worker {

Status Detach::Forward(const LayerCall& call) const {
  call.backend->Copy(call.x[0].y, call.out.y);
  return Status::Ok();
}

Status Detach::Backward(const LayerCall& call) const {
  if (!call.x[0].accumulate) call.backend->Fill(0.0f, call.x[0].dy);
  return Status::Ok();
}

}  // namespace chorus::worker
