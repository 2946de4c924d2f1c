#pragma once
// A sequence as one vector: the sum or the mean of its elements, or the last one.

#include <vector>

#include "worker/layers/layer.h"

namespace chorus::worker {

// Inputs: the elements of `dim` columns side by side, and their number.
class ElementPooling final : public Layer {
 public:
  using Pooling = PoolElementsItems::Pooling;

  ElementPooling(Pooling pooling, int64_t dim, int64_t length)
      : pooling_(pooling), dim_(dim), length_(length) {}

  std::string_view kind() const override {
    if (pooling_ == Pooling::kSum) return "sequence_sum";
    return pooling_ == Pooling::kMean ? "sequence_mean" : "sequence_last";
  }
  Status Forward(const LayerCall& call) const override {
    call.backend->ForEach(PoolElementsItems{call.x[0].y, call.x[1].y, pooling_, dim_, call.out.y});
    return Status::Ok();
  }
  Status Backward(const LayerCall& call) const override {
    const LayerInput& x = call.x[0];
    call.backend->ForEach(
        PoolElementsBackwardItems{call.out.dy, call.x[1].y, pooling_, dim_, x.dy, x.accumulate});
    return Status::Ok();
  }
  RowCost cost() const override { return {.exposure = static_cast<double>(dim_ * length_)}; }

 private:
  const Pooling pooling_;
  const int64_t dim_;
  const int64_t length_;
};

}  // namespace chorus::worker
