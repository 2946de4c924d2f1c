#pragma once
// A slow clear double-precision model that knows nothing of splits, groups of products or padding:
// every exposure is joined with its context, and every unit is a loop.

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/worker/engine/cpu/world.h"

namespace chorus::worker {

class Oracle {
 public:
  Oracle(const TrainConfig& config, const Model& model, const MethodShape& shape);

  // What logits are a function of.
  struct Variables {
    std::vector<double> parameters;
    std::vector<std::vector<double>> embeddings;
    // Units behind a stop-gradient read these: the same values, which no difference moves.
    std::vector<std::vector<double>> detached;
  };
  double Logit(const TestGrain& grain, const Variables& at, uint32_t row, uint32_t head) const;
  // The sum over rows and heads of factor[i, h] * logit[i, h], whose gradients the model computes
  // when dlogits is `factor` and no head passes less or more back.
  double Total(const TestGrain& grain, const Variables& at,
               const std::vector<double>& factor) const;

 private:
  using Units = std::vector<double>;
  struct Row {
    const TestGrain& grain;
    const Variables& at;
    uint32_t row;
  };
  Units Inputs(const Row& row, uint32_t group) const;
  // "contexts", "exposures" or "inputs.COLUMN".
  Units SomeInputs(const Row& row, uint32_t group, const std::string& name) const;
  // The slots that the head's tower and not all others read.
  Units Own(const Row& row, const Head& head) const;
  Units Bottom(const Row& row, uint32_t group) const;
  // What the head's tower reads by these names, or by default.
  Units Read(const Row& row, const Head& head,
             const google::protobuf::RepeatedPtrField<std::string>& names) const;
  Units Encoded(const Row& row, const Head& head, const std::string& name) const;
  Units Mlp(const Row& row, const std::string& prefix, const MlpConfig& config, Units x) const;
  // Plain hidden layers.
  Units Expert(const Row& row, const std::string& prefix, int layers, Units x) const;
  // The weights of a block with one number per unit.
  Units Vector(const Row& row, const std::string& name) const { return Linear(row, name, {1.0}); }
  Units Mixed(const Row& row, const std::string& gate, const Units& x,
              const std::vector<Units>& experts) const;
  Units Mmoe(const Row& row, const std::string& prefix, const MmoeConfig& config,
             const std::string& tower, const Units& x) const;
  // The input of the level's own experts of a tower, or of the shared ones ("shared").
  Units PleInput(const Row& row, const std::string& prefix, const PleConfig& config,
                 const Head& head, const std::string& of, uint32_t level, const Units& x) const;
  Units Cross(const Row& row, const std::string& prefix, const CrossConfig& config,
              const Units& x0) const;
  // The elements of a sequence.
  std::vector<Units> Sequence(const Row& row, uint32_t group, const std::string& name) const;
  Units Pooled(const Row& row, uint32_t group, const std::string& name) const;
  size_t DimOf(const std::string& name) const;  // of a slot
  // The elements of sequences side by side, as many as the first has.
  std::vector<Units> Elements(const Row& row, uint32_t group,
                              const google::protobuf::RepeatedPtrField<std::string>& names) const;
  Units SelfAttended(const Row& row, const std::string& prefix, const SelfAttentionConfig& config,
                     uint32_t group) const;
  Units Gated(const Row& row, const std::string& prefix, const SlotGateConfig& config,
              uint32_t group) const;
  Units Attended(const Row& row, const std::string& prefix, const TargetAttentionConfig& config,
                 uint32_t group) const;
  // The pooled slots of the inputs, contexts first, each with its side.
  std::vector<std::pair<bool, Units>> Slots(const Row& row, uint32_t group) const;
  std::vector<std::string> TowersOf(uint32_t group) const;
  // The units above the first `layers` hidden layers of the head's tower.
  Units Hidden(const Row& row, const Head& head, uint32_t layers) const;
  Units Transferred(const Row& row, const Transfer& transfer, const Units& own) const;
  // x W + b of the layer: "name.context" over "name.exposure", or "name.weight".
  Units Linear(const Row& row, const std::string& name, const Units& x) const;
  Units Dropped(const Row& row, const std::string& name, double probability, Units x) const;
  const TowerConfig& TowerConfigOf(const Head& head) const;

  const TrainConfig config_;
  const Model& model_;
  const MethodShape shape_;
  // For each layer: the kinds of its blocks ("weight", "bias", ...), and where they are.
  std::map<std::string, std::vector<std::pair<std::string, const ParameterBlock*>>> blocks_;
};

}  // namespace chorus::worker
