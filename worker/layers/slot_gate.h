#pragma once
// What a gate over slots needs besides dense layers (FiBiNET's SENET; Huang et al., RecSys 2019):
// the squeeze, eq. 3, z_f = mean of the embedding e_f, and the re-weight step, eq. 5,
// v_f = a_f e_f.

#include <vector>

#include "worker/layers/layer.h"

namespace chorus::worker {

// Input: slots of `dim` columns. Output: a column per slot.
class SlotMeans final : public Layer {
 public:
  SlotMeans(int64_t dim, int64_t slots) : dim_(dim), slots_(slots) {}

  std::string_view kind() const override { return "slot_means"; }
  Status Forward(const LayerCall& call) const override {
    call.backend->ForEach(SlotMeanItems{call.x[0].y, dim_, call.out.y});
    return Status::Ok();
  }
  Status Backward(const LayerCall& call) const override {
    const LayerInput& x = call.x[0];
    const float part = 1.0f / static_cast<float>(dim_);
    call.backend->ForEach(ScaleSlotsItems{part, call.out.dy, {}, dim_, x.dy, x.accumulate});
    return Status::Ok();
  }
  RowCost cost() const override { return {.exposure = static_cast<double>(dim_ * slots_)}; }
  std::vector<std::pair<std::string, uint64_t>> options() const override {
    return {{"dim", static_cast<uint64_t>(dim_)}};
  }

 private:
  const int64_t dim_;
  const int64_t slots_;
};

// Inputs: slots of `dim` columns, and a weight for each; of one side.
class ScaleSlots final : public Layer {
 public:
  ScaleSlots(int64_t dim, int64_t slots) : dim_(dim), slots_(slots) {}

  std::string_view kind() const override { return "scale_slots"; }
  Status Forward(const LayerCall& call) const override {
    call.backend->ForEach(ScaleSlotsItems{1.0f, call.x[1].y, call.x[0].y, dim_, call.out.y, false});
    return Status::Ok();
  }
  Status Backward(const LayerCall& call) const override {
    const LayerInput &x = call.x[0], &weight = call.x[1];
    const MatrixView<const float> dy = call.out.dy;
    call.backend->ForEach(SlotDotItems{dy, x.y, dim_, weight.dy, weight.accumulate});
    call.backend->ForEach(ScaleSlotsItems{1.0f, weight.y, dy, dim_, x.dy, x.accumulate});
    return Status::Ok();
  }
  RowCost cost() const override { return {.exposure = static_cast<double>(dim_ * slots_)}; }
  std::vector<std::pair<std::string, uint64_t>> options() const override {
    return {{"dim", static_cast<uint64_t>(dim_)}};
  }

 private:
  const int64_t dim_;
  const int64_t slots_;
};

}  // namespace chorus::worker
