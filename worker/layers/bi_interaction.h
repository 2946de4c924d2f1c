#pragma once
// The sum over pairs of slots of their products, element by element, in linear time (Rendle, ICDM
// 2010, lemma 3.1; as a vector: bi-interaction pooling, He & Chua, SIGIR 2017, eq. 4):
//   y = sum over f < g of x_f * x_g = ((sum of x_f)^2 - sum of x_f^2) / 2
// The sums over a context's slots are computed once per context.

#include <vector>

#include "worker/layers/layer.h"

namespace chorus::worker {

// Inputs: matrices whose columns are slots of `dim` columns each, at most one of each side.
class BiInteraction final : public Layer {
 public:
  // slots: of each input.  sides: of the inputs.
  BiInteraction(int64_t dim, std::vector<int64_t> slots, std::vector<Side> sides);

  std::string_view kind() const override { return "bi_interaction"; }
  Status Forward(const LayerCall& call) const override;
  Status Backward(const LayerCall& call) const override;
  std::vector<ScratchShape> scratch() const override;
  RowCost cost() const override;
  std::vector<std::pair<std::string, uint64_t>> options() const override {
    return {{"dim", static_cast<uint64_t>(dim_)}};
  }

 private:
  const int64_t dim_;
  const std::vector<int64_t> slots_;
  const std::vector<Side> sides_;
};

}  // namespace chorus::worker
