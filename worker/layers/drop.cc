#include "worker/layers/drop.h"

namespace chorus::worker {

Status Drop::Forward(const LayerCall& call) const {
  if (!dropout_.IsOn(call.grain.draw)) return Status::Ok();
  call.backend->Dropout(dropout_.MaskOf(call.grain.draw), call.out.y, call.out.y);
  return Status::Ok();
}

Status Drop::Backward(const LayerCall& call) const {
  if (!dropout_.IsOn(call.grain.draw)) return Status::Ok();
  if (of_relu_) {
    call.backend->PassPositive(call.out.y, dropout_.scale(), call.out.dy, call.out.dy, false);
  } else {
    call.backend->Dropout(dropout_.MaskOf(call.grain.draw), call.out.dy, call.out.dy);
  }
  return Status::Ok();
}

Status DropCopy::Forward(const LayerCall& call) const {
  if (dropout_.IsOn(call.grain.draw)) {
    call.backend->Dropout(dropout_.MaskOf(call.grain.draw), call.x[0].y, call.out.y);
  } else {
    call.backend->Copy(call.x[0].y, call.out.y);
  }
  return Status::Ok();
}

// Where a unit is 0, either the draw or its ReLU has stopped the gradient.
Status DropCopy::Backward(const LayerCall& call) const {
  const float factor = dropout_.IsOn(call.grain.draw) ? dropout_.scale() : 1.0f;
  call.backend->PassPositive(call.out.y, factor, call.out.dy, call.x[0].dy, call.x[0].accumulate);
  return Status::Ok();
}

}  // namespace chorus::worker
