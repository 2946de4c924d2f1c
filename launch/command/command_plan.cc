// `chorus plan`: a job on paper, for one layout or several.

#include <algorithm>
#include <cstdio>
#include <optional>
#include <utility>

#include "common/config.h"
#include "common/file.h"
#include "common/json.h"
#include "common/log.h"
#include "common/output_file.h"
#include "common/strings.h"
#include "launch/command/commands.h"
#include "launch/command/fitted_config.h"
#include "launch/gpu/gpu_file.h"
#include "launch/kubernetes/mpi_job.h"
#include "launch/plan/calibrate.h"
#include "launch/plan/full_steps.h"
#include "launch/plan/gpu_plan.h"
#include "launch/plan/gpu_work.h"
#include "launch/plan/job_plan.h"
#include "launch/plan/plan_rates.h"
#include "launch/plan/plan_text.h"

namespace chorus::launch {
namespace {

// The seconds that a calibration may take, about.
constexpr double kCalibrationSeconds = 4;

Result<TrainConfig> LoadPlanned(const PlanArguments& arguments) {
  ConfigArguments with_log = arguments.config;
  if (!arguments.log.empty()) with_log.sets.push_back("data.log=" + Join(arguments.log, ","));
  std::vector<worker::FittedSetting> fitted;
  ASSIGN_OR_RETURN(TrainConfig config, LoadFitted(with_log, worker::Resume::kNothing, &fitted));
  if (config.data().log().empty()) {
    return InvalidArgument("no log to plan with; give --log, or data.log in the configuration");
  }
  return config;
}

// How many layouts there are. Error: two lists of unlike lengths.
Result<size_t> CountLayouts(const PlanArguments& arguments) {
  size_t most = 1;
  const std::vector<uint32_t>* const lists[] = {&arguments.hosts, &arguments.servers,
                                                &arguments.workers};
  for (const auto* list : lists) most = std::max(most, list->size());
  for (const auto* list : lists) {
    if (list->size() > 1 && list->size() != most) {
      return InvalidArgument(StrCat("--hosts, --servers and --workers name ", list->size(), " and ",
                                    most,
                                    " layouts; give one number each, or lists of "
                                    "one length"));
    }
  }
  return most;
}

uint32_t Item(const std::vector<uint32_t>& list, size_t i) {
  if (list.empty()) return 0;
  return list.size() == 1 ? list[0] : list[i];
}

// gpu: of each worker; null: none.
PlanRequest RequestOf(const PlanArguments& arguments, size_t i, bool colocated,
                      const gpu::Gpu* gpu) {
  PlanRequest request;
  request.hosts = Item(arguments.hosts, i);
  request.servers = Item(arguments.servers, i);
  request.workers = Item(arguments.workers, i);
  if (request.hosts == 0 && request.servers == 0 && request.workers == 0) request.hosts = 1;
  // Ranks that serve and work fill the GPUs of their hosts.
  if (gpu != nullptr && colocated && request.hosts == 0) {
    request.hosts = (std::max(request.workers, request.servers) + gpu->of_host - 1) / gpu->of_host;
  }
  request.threads = arguments.threads;
  request.cores = arguments.cores;
  request.link_gbit = arguments.link_gbit;
  request.latency_us = arguments.latency_us;
  return request;
}

// The job with steps that have grown with the workers, from the first layout on.
Result<TrainConfig> Grown(const TrainConfig& config, uint32_t workers, uint32_t first) {
  const uint64_t grains = uint64_t{config.step().grains_per_step()} * workers / first;
  if (workers % first != 0 || (grains & (grains - 1)) != 0 || grains > 4096) {
    return InvalidArgument(StrCat("--weak: ", workers, " workers after ", first,
                                  " would have a step of ", grains,
                                  " grains; expected a power of two up to 4096"));
  }
  TrainConfig grown = config;
  grown.mutable_step()->set_grains_per_step(static_cast<uint32_t>(grains));
  return grown;
}

using PlannedLayout = std::pair<TrainConfig, PlanLayout>;

// first_workers: of the first layout, 0 where this is it.
Result<PlannedLayout> JobOf(const PlanArguments& arguments, const TrainConfig& config,
                            const gpu::Gpu* gpu, size_t i, uint32_t first_workers) {
  const PlanRequest request = RequestOf(arguments, i, IsColocated(config), gpu);
  TrainConfig own = config;
  if (arguments.weak && first_workers > 0) {
    // The number of workers does not depend on the grains; there must be enough grains for them.
    own.mutable_step()->set_grains_per_step(4096);
    ASSIGN_OR_RETURN(const PlanLayout wide, LayoutOf(own, request));
    ASSIGN_OR_RETURN(own, Grown(config, wide.workers(), first_workers));
  }
  ASSIGN_OR_RETURN(PlanLayout layout, LayoutOf(own, request));
  if (gpu != nullptr) {
    layout.set_gpu(gpu->name);
    // Threads of workers with GPUs read, pack and push: they share the cores of a host.
    const uint32_t of_host = MostWorkersOfHost(own, layout);
    if (arguments.threads == 0 && own.compute().threads() == 0) {
      layout.set_threads(std::max(1u, layout.cores() / of_host));
    }
  }
  return PlannedLayout(std::move(own), std::move(layout));
}

Result<PlanRates> RatesFor(const PlanArguments& arguments, const TrainConfig& config) {
  if (!arguments.calibrate) {
    if (arguments.calibration.empty()) return AssumedRates();
    return LoadRates(PosixFiles(), arguments.calibration);
  }
  // The measurement runs on cores, which have no TF32.
  TrainConfig of_cores = config;
  if (!arguments.gpu.empty()) of_cores.mutable_compute()->set_precision(ComputeConfig::FP32);
  ASSIGN_OR_RETURN(const auto job, PlannedJob::Open(of_cores, PosixFiles()));
  ASSIGN_OR_RETURN(const PlanRates rates, MeasureRates(*job, PosixFiles(), kCalibrationSeconds));
  if (!arguments.calibration.empty()) {
    RETURN_IF_ERROR(SaveRates(PosixFiles(), arguments.calibration, rates));
  }
  return rates;
}

Status WritePlans(const std::string& path, const std::vector<JobPlan>& plans) {
  ASSIGN_OR_RETURN(const auto output, OutputFile::Create(PosixFiles(), path));
  for (const JobPlan& plan : plans) {
    ASSIGN_OR_RETURN(const std::string line, ToJson(plan, {.zeros = true}));
    RETURN_IF_ERROR(output->Append(line + "\n"));
  }
  return output->Commit();
}

// The GPU that is asked for; none: workers compute on cores.
Result<std::optional<gpu::Gpu>> AskedGpu(const PlanArguments& arguments,
                                         const TrainConfig& config) {
  std::optional<gpu::Gpu> asked;
  if (arguments.gpu.empty()) return asked;
  if (!arguments.kubernetes.empty()) {
    return InvalidArgument("--kubernetes makes pods without GPUs; leave --gpu out");
  }
  if (config.compute().backend() == ComputeConfig::CPU) {
    return InvalidArgument(
        "--gpu: the job computes on cores (compute.backend: CPU); leave --gpu out, or add --set "
        "compute.backend=CUDA");
  }
  Result<gpu::Gpu> gpu = gpu::GpuOf(arguments.gpu, PosixFiles());
  if (!gpu.ok()) return gpu.status().Annotate("--gpu");
  asked = std::move(gpu).value();
  return asked;
}

Result<JobPlan> PlanOf(const TrainConfig& config, const PlanLayout& layout, uint32_t steps,
                       const std::vector<KeySketch>& ids, const PlanRates& rates,
                       const std::optional<gpu::Gpu>& gpu) {
  ASSIGN_OR_RETURN(TracedJob traced, gpu.has_value()
                                         ? TraceFullSteps(config, layout, steps, ids, PosixFiles())
                                         : TraceJob(config, layout, steps, ids, PosixFiles()));
  if (gpu.has_value()) {
    ASSIGN_OR_RETURN(const GpuWork work, TraceGpu(config, layout, *gpu, PosixFiles()));
    PredictOnGpus(config, rates, work, &traced);
  } else {
    Predict(config, rates, &traced);
  }
  return std::move(traced.plan);
}

// The job of one layout for Kubernetes.
Status WriteKubernetes(const PlanArguments& arguments, const TrainConfig& config,
                       const JobPlan& plan) {
  KubernetesOptions options;
  options.image = arguments.image;
  options.name =
      arguments.name.empty() ? KubernetesName(arguments.config.config_file) : arguments.name;
  options.claim = arguments.claim;
  options.volume_size = arguments.volume_size;
  options.mount = arguments.mount;
  ASSIGN_OR_RETURN(const std::string objects, KubernetesObjects(config, plan, options));
  ASSIGN_OR_RETURN(const auto output, OutputFile::Create(PosixFiles(), arguments.kubernetes));
  RETURN_IF_ERROR(output->Append(objects));
  return output->Commit();
}

}  // namespace

Status RunPlan(const PlanArguments& arguments) {
  ASSIGN_OR_RETURN(const size_t layouts, CountLayouts(arguments));
  if (!arguments.kubernetes.empty() && layouts > 1) {
    return InvalidArgument(
        "--kubernetes is for one layout: give one number of hosts, servers and "
        "workers each");
  }
  ASSIGN_OR_RETURN(const TrainConfig config, LoadPlanned(arguments));
  ASSIGN_OR_RETURN(const std::optional<gpu::Gpu> gpu, AskedGpu(arguments, config));
  std::vector<PlannedLayout> jobs;
  for (size_t i = 0; i < layouts; ++i) {
    const uint32_t first = jobs.empty() ? 0 : jobs.front().second.workers();
    ASSIGN_OR_RETURN(PlannedLayout job, JobOf(arguments, config, gpu ? &*gpu : nullptr, i, first));
    jobs.push_back(std::move(job));
  }
  ASSIGN_OR_RETURN(const PlanRates rates, RatesFor(arguments, config));
  ASSIGN_OR_RETURN(const std::vector<KeySketch> ids, CountIds(config, PosixFiles()));
  std::vector<JobPlan> plans;
  for (const auto& [own, layout] : jobs) {
    ASSIGN_OR_RETURN(JobPlan plan, PlanOf(own, layout, arguments.steps, ids, rates, gpu));
    plans.push_back(std::move(plan));
  }
  if (!arguments.kubernetes.empty()) {
    RETURN_IF_ERROR(WriteKubernetes(arguments, jobs[0].first, plans[0]));
  }
  // If the objects go to standard output, nothing else does.
  if (arguments.kubernetes != "-") {
    std::fputs(layouts == 1 ? PlanText(plans[0]).c_str() : PlanTableText(plans).c_str(), stdout);
  }
  std::fflush(stdout);
  return arguments.json.empty() ? Status::Ok() : WritePlans(arguments.json, plans);
}

}  // namespace chorus::launch
