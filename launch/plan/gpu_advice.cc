#include "launch/plan/gpu_advice.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "common/strings.h"
#include "launch/plan/advice.h"
#include "launch/plan/gpu_step_time.h"
#include "launch/plan/plan_text.h"

namespace chorus::launch {
namespace {

// The setting that makes the part of a device's memory with this name smaller (launch/gpu/device_memory.cc).
std::string RemedyOf(const std::string& part) {
  if (part == "activations") return "a smaller step.grain_rows (part of the result)";
  if (part == "dense gradients")
    return "more workers, or fewer and larger grains (part of the result)";
  if (part == "steps and gradients of rows") return "a smaller compute.cuda.step_memory_mb";
  if (part == "dense weights and optimizer") return "a smaller model";
  return "a GPU with more memory";
}

std::string DoesNotFit(const GpuWork& gpu, double has) {
  const auto largest =
      std::max_element(gpu.memory.parts.begin(), gpu.memory.parts.end(),
                       [](const auto& a, const auto& b) { return a.bytes < b.bytes; });
  return StrCat("does not fit: a worker needs ", ByteText(static_cast<double>(gpu.memory.total())),
                " of a GPU's memory and ", gpu.gpu.name, " has ", ByteText(has), "; most of it is ",
                largest->name, ", ", ByteText(static_cast<double>(largest->bytes)), ": ",
                RemedyOf(largest->name));
}

// The step with its kernels as nodes of graphs: one graph per grain and direction, for calls that
// repeat.
GpuWork WithGraphs(const GpuWork& gpu, uint32_t grains) {
  GpuWork other = gpu;
  for (gpu::CallCost& call : other.device) {
    const bool repeats = call.phase != gpu::Phase::kUpload && call.phase != gpu::Phase::kUpdate;
    if (repeats && call.cost.bus_bytes() == 0) call.cost.BecomeNodes();
  }
  gpu::CallCost starts = {"Replay", gpu::Phase::kForward, {}};
  starts.cost.graphs = grains;
  other.device.push_back(starts);
  return other;
}

class GpuAdvisor {
 public:
  GpuAdvisor(const TrainConfig& config, const StepWork& work, const GpuWork& gpu,
             const PlanRates& rates)
      : config_(config),
        work_(work),
        gpu_(gpu),
        rates_(rates),
        now_(PredictGpuStep(work, gpu, rates).seconds) {}

  std::vector<Gain> Take() {
    if (config_.compute().precision() == ComputeConfig::FP32 && gpu_.gpu.tf32_tflops > 0) {
      GpuWork other = gpu_;
      other.precision = ComputeConfig::TF32;
      Offer(other, "compute.precision=TF32 (part of the result)");
    }
    if (!config_.compute().cuda().graphs()) {
      uint32_t grains = 1;
      for (const WorkerWork& worker : work_.workers) grains = std::max(grains, worker.grains);
      Offer(WithGraphs(gpu_, grains), "compute.cuda.graphs=true");
    }
    if (gpu_.sums && gpu_.sum.canonical) {
      GpuWork other = gpu_;
      other.sum.canonical = false;
      Offer(other, "compute.cuda.reproducible=false (other numbers of GPUs then give other bits)");
    }
    return std::move(gains_);
  }

 private:
  void Offer(const GpuWork& other, const std::string& what) {
    const double gain = 1 - PredictGpuStep(work_, other, rates_).seconds / now_;
    if (gain < kWorthwhileGain) return;
    gains_.push_back({gain, StrCat(what, ": a step takes ", PercentOf(gain), " less")});
  }

  const TrainConfig& config_;
  const StepWork& work_;
  const GpuWork& gpu_;
  const PlanRates& rates_;
  const double now_;
  std::vector<Gain> gains_;
};

}  // namespace

std::string DoesNotRun(const std::string& gpu) {
  return StrCat(gpu,
                " does not run it: the CUDA library is for GPUs from Ampere on (README.md, GPUs)");
}

std::vector<std::string> GpuAdviceFor(const TrainConfig& config, const StepWork& work,
                                      const GpuWork& gpu, const PlanRates& rates) {
  std::vector<std::string> lines;
  const double has = gpu.gpu.memory_gb * 1e9;
  if (static_cast<double>(gpu.memory.total()) > has) lines.push_back(DoesNotFit(gpu, has));
  if (!gpu.gpu.runs) lines.push_back(DoesNotRun(gpu.gpu.name));
  const std::function<double(const StepWork&)> seconds = [&](const StepWork& other) {
    return PredictGpuStep(other, gpu, rates).seconds;
  };
  std::vector<Gain> gains = GainsOf(config, work, seconds);
  for (Gain& gain : GpuAdvisor(config, work, gpu, rates).Take()) gains.push_back(std::move(gain));
  for (std::string& line : LinesOf(std::move(gains))) lines.push_back(std::move(line));
  return lines;
}

}  // namespace chorus::launch
