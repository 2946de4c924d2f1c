#pragma once
// Dot products of slots, as in DLRM (Naumov et al., 2019, section 2.1): of every pair of the slots
// of one matrix, or of every slot of one matrix with every slot of another.

#include <vector>

#include "worker/layers/layer.h"

namespace chorus::worker {

// Inputs: one matrix, or two of one side; slots of `dim` columns each. Output: see PairDotItems.
class SlotDots final : public Layer {
 public:
  SlotDots(int64_t dim, int64_t inputs, int64_t pairs)
      : dim_(dim), inputs_(inputs), pairs_(pairs) {}

  // The number of dot products of n slots with m others, or among n (m = 0).
  static int64_t Pairs(int64_t n, int64_t m) { return m == 0 ? n * (n - 1) / 2 : n * m; }

  std::string_view kind() const override { return "slot_dots"; }
  Status Forward(const LayerCall& call) const override;
  Status Backward(const LayerCall& call) const override;
  RowCost cost() const override { return {.exposure = 2.0 * static_cast<double>(dim_ * pairs_)}; }
  std::vector<std::pair<std::string, uint64_t>> options() const override {
    return {{"dim", static_cast<uint64_t>(dim_)}};
  }

 private:
  const int64_t dim_;
  const int64_t inputs_;
  const int64_t pairs_;
};

}  // namespace chorus::worker
