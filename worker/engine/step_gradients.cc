#include "worker/engine/step_gradients.h"

namespace chorus::worker {

StepGradients GradientsOfStage(
    const MethodShape& shape, size_t tables, uint32_t stage,
    const std::function<std::vector<NodeGradient>(uint32_t instance)>& sums) {
  StepGradients out;
  out.tables.resize(shape.groups.size() * tables);
  for (uint32_t instance = 0; instance < out.tables.size(); ++instance) {
    const uint32_t own = shape.groups[instance / tables].stage;
    if (own < stage) out.frozen_tables.push_back(instance);
    if (own == stage) out.tables[instance] = sums(instance);
  }
  return out;
}

}  // namespace chorus::worker
