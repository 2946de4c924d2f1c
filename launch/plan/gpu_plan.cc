#include "launch/plan/gpu_plan.h"

#include <string>

#include "common/strings.h"
#include "launch/gpu/device_time.h"
#include "launch/plan/gpu_advice.h"
#include "launch/plan/gpu_step_time.h"

namespace chorus::launch {
namespace {

void DescribeCalls(const GpuWork& work, PlanGpu* plan) {
  const gpu::Cost all = gpu::TotalOf(work.device);
  plan->set_kernels(all.launches + all.fills);
  plan->set_products(all.products);
  plan->set_graphs(all.graphs);
  plan->set_nodes(all.nodes);
  plan->set_copies(all.copies);
  plan->set_bytes_to_device(static_cast<double>(all.bytes_to_device));
  plan->set_bytes_to_host(static_cast<double>(all.bytes_to_host));
  plan->set_flops(static_cast<double>(all.flops));
  for (int p = 0; p < gpu::kPhases; ++p) {
    const auto phase = static_cast<gpu::Phase>(p);
    double seconds = 0;
    for (const gpu::CallCost& call : work.device) {
      if (call.phase == phase) seconds += gpu::SecondsOf(call.cost, work.gpu, work.precision);
    }
    PlanTime& time = *plan->add_phase();
    time.set_name(gpu::NameOf(phase));
    time.set_seconds(seconds);
  }
}

void DescribeGpu(const GpuWork& work, PlanGpu* plan) {
  plan->set_name(work.gpu.name);
  plan->set_source(work.gpu.source);
  plan->set_runs(work.gpu.runs);
  plan->set_precision(ComputeConfig::Precision_Name(work.precision));
  plan->set_memory_bytes(work.gpu.memory_gb * 1e9);
  for (const gpu::MemoryPart& part : work.memory.parts) {
    PlanPart& own = *plan->add_memory();
    own.set_name(part.name);
    own.set_bytes(part.bytes);
  }
  plan->set_memory_needed(static_cast<double>(work.memory.total()));
  DescribeCalls(work, plan);
  if (!work.sums) return;
  const gpu::SumBytes sum = gpu::BytesOf(work.sum);
  plan->set_sum_bytes_inside(sum.inside);
  plan->set_sum_bytes_away(sum.host_away);
}

}  // namespace

void PredictOnGpus(const TrainConfig& config, const PlanRates& rates, const GpuWork& gpu,
                   TracedJob* traced) {
  JobPlan& plan = traced->plan;
  const GpuStepTime time = PredictGpuStep(traced->work, gpu, rates);
  *plan.mutable_rates() = rates;
  plan.set_step_seconds(time.seconds);
  plan.set_exposures_per_second(time.seconds > 0 ? plan.exposures_per_step() / time.seconds : 0);
  for (const PlanTime& part : time.parts) *plan.add_part() = part;
  for (const PlanTime& resource : time.resources) *plan.add_resource() = resource;
  plan.set_bottleneck(time.bottleneck);
  DescribeGpu(gpu, plan.mutable_gpu());
  for (const PlanTime& part : time.compute) *plan.mutable_gpu()->add_compute() = part;
  for (const std::string& line : GpuAdviceFor(config, traced->work, gpu, rates)) {
    plan.add_advice(line);
  }
  for (PlanRank& rank : *plan.mutable_rank()) {
    if (rank.exposures() <= 0) continue;
    PlanPart& part = *rank.add_memory();
    part.set_name("page-locked for the GPU");
    part.set_bytes(gpu.memory.host_bytes);
    rank.set_memory_bytes(rank.memory_bytes() + part.bytes());
  }
}

}  // namespace chorus::launch
