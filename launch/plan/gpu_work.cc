#include "launch/plan/gpu_work.h"

#include <algorithm>
#include <vector>

#include "common/strings.h"
#include "common/tree.h"
#include "launch/gpu/step_run.h"
#include "launch/plan/plan_layout.h"
#include "launch/plan/planned_sums.h"

namespace chorus::launch {
namespace {

// A first step may differ from those after it.
constexpr uint32_t kStepsToRead = 2;

GrainRange LargestPart(const TrainConfig& config, const PlanLayout& layout) {
  GrainRange largest;
  for (uint32_t w = 0; w < layout.workers(); ++w) {
    const GrainRange own = GrainsOfWorker(w, layout.workers(), config.step().grains_per_step());
    if (own.size() > largest.size()) largest = own;
  }
  return largest;
}

uint32_t TermsOfAll(const TrainConfig& config, uint32_t workers) {
  size_t terms = 0;
  for (uint32_t w = 0; w < workers; ++w) {
    terms += MaximalNodes(GrainsOfWorker(w, workers, config.step().grains_per_step())).size();
  }
  return static_cast<uint32_t>(terms);
}

}  // namespace

uint32_t MostWorkersOfHost(const TrainConfig& config, const PlanLayout& layout) {
  const HostsOfRanks hosts(layout, IsColocated(config));
  std::vector<uint32_t> workers(layout.hosts());
  for (uint32_t w = 0; w < layout.workers(); ++w) ++workers[hosts.OfWorker(w)];
  return *std::max_element(workers.begin(), workers.end());
}

Result<GpuWork> TraceGpu(const TrainConfig& config, const PlanLayout& layout, const gpu::Gpu& gpu,
                         FileSystem& files) {
  GpuWork work;
  work.gpu = gpu;
  work.precision = config.compute().precision();
  const uint32_t of_host = MostWorkersOfHost(config, layout);
  if (of_host > gpu.of_host) {
    const bool share = config.compute().cuda().share_devices();
    return InvalidArgument(StrCat(
        "a host would have ", of_host, " workers and has ", gpu.of_host, " GPUs (", gpu.name,
        share ? "), and a plan has no GPUs that workers share (compute.cuda.share_devices)" : ")",
        "; give more --hosts, or a file that says gpus_of_host"));
  }
  TrainConfig packed_by_one = config;
  packed_by_one.mutable_compute()->set_threads(1);
  ASSIGN_OR_RETURN(
      const gpu::StepData data,
      gpu::ReadStepData(packed_by_one, files, LargestPart(config, layout), kStepsToRead, 0));
  RETURN_IF_ERROR(gpu::CheckFull(config, data, kStepsToRead));
  ASSIGN_OR_RETURN(const gpu::DryRun dry, gpu::RunDry(packed_by_one, data, layout.workers()));
  work.device = dry.cost;
  const worker::StepBatch& batch = *data.steps.back();
  for (size_t i = 0; i < data.model.dims.size(); ++i) {
    work.row_bytes +=
        static_cast<double>(batch.keys[i].keys.size() * data.model.dims[i] * sizeof(float));
  }
  work.sums = layout.workers() > 1 && SumsOnDevices(config, layout);
  work.sum = {static_cast<uint64_t>(dry.parameters), dry.nodes, layout.workers(), of_host,
              config.compute().cuda().reproducible()};
  const uint64_t bucket = uint64_t{config.compute().cuda().bucket_kb()} * 1024 / sizeof(float);
  work.sum.buckets = std::max<uint64_t>(1, (work.sum.floats + bucket - 1) / bucket);
  gpu::MemoryOf of = {&config, &data.model, data.grains.size(), layout.workers()};
  if (work.sums) of.terms = TermsOfAll(config, layout.workers());
  work.memory = gpu::MemoryOfDevice(dry.taken, of);
  return work;
}

}  // namespace chorus::launch
