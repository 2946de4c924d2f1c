#include "launch/plan/planned_sums.h"

#include "common/tree.h"
#include "worker/train/step_sums.h"

namespace chorus::launch {

SumsOfWorker SumsOf(const PlannedJob& job, uint32_t worker, uint32_t workers, uint32_t stage,
                    bool on_devices) {
  const uint32_t grains = job.config.step().grains_per_step();
  SumsOfWorker sums;
  for (uint32_t w = 0; w < workers; ++w) {
    const auto nodes =
        static_cast<uint32_t>(MaximalNodes(GrainsOfWorker(w, workers, grains)).size());
    sums.all_nodes += nodes;
    if (w == worker) sums.nodes = nodes;
  }
  const auto floats = on_devices ? 0 : static_cast<uint64_t>(job.model.parameters().size());
  const uint64_t doubles = job.objective->terms().size() + worker::StepSums::kExtras;
  const uint64_t partials = job.objective->partials(stage);
  sums.first = worker::TrafficOfTreeSum(worker, workers, sums.nodes, 0, doubles);
  sums.step = worker::TrafficOfTreeSum(worker, workers, sums.nodes, floats, doubles);
  if (partials > 0) {
    sums.step += worker::TrafficOfTreeSum(worker, workers, sums.nodes, 0, partials);
    sums.sums = 2;
  }
  sums.share_bytes = 4.0 * static_cast<double>(floats) * sums.all_nodes / workers;
  return sums;
}

bool SumsOnDevices(const TrainConfig& config, const PlanLayout& layout) {
  return !layout.gpu().empty() && config.compute().cuda().collective() != CudaConfig::HOST;
}

}  // namespace chorus::launch
