#include "worker/engine/step_gradients.h"

namespace chorus::worker {

StepGradients GradientsOfStage(
    const MethodShape& shape, const std::vector<bool>& trainable, uint32_t stage,
    const std::function<std::vector<NodeGradient>(uint32_t instance)>& sums) {
  const size_t tables = trainable.size();
  StepGradients out;
  out.tables.resize(shape.groups.size() * tables);
  for (uint32_t instance = 0; instance < out.tables.size(); ++instance) {
    const uint32_t own = shape.groups[instance / tables].stage;
    const bool trained = own == stage && trainable[instance % tables];
    if (own <= stage && !trained) out.frozen_tables.push_back(instance);
    if (trained) out.tables[instance] = sums(instance);
  }
  return out;
}

}  // namespace chorus::worker
