// `chorus scale`: runs layouts of a job, and says how it scales.

#include <algorithm>
#include <cstdio>
#include <optional>
#include <span>

#include "common/checksum_stream.h"
#include "common/config.h"
#include "common/cores.h"
#include "common/file.h"
#include "common/json.h"
#include "common/log.h"
#include "common/output_file.h"
#include "common/stop_signal.h"
#include "common/strings.h"
#include "common/write_lock.h"
#include "launch/command/canonical.h"
#include "launch/command/commands.h"
#include "launch/command/fitted_config.h"
#include "launch/command/scale_words.h"
#include "launch/gpu/gpu_file.h"
#include "launch/job/usual_launcher.h"
#include "launch/plan/calibrate.h"
#include "launch/plan/gpu_plan.h"
#include "launch/plan/gpu_work.h"
#include "launch/plan/job_plan.h"
#include "launch/plan/plan_rates.h"
#include "launch/scale/measured_layout.h"
#include "launch/scale/scale_report.h"
#include "launch/scale/slurm_array.h"
#include "launch/scale/sweep.h"
#include "worker/train/checkpoint_store.h"

namespace chorus::launch {
namespace {

constexpr double kCalibrateSeconds = 4;

// The job as it is measured: a number of steps, and nothing besides.
TrainConfig Measured(const ScaleArguments& arguments, const TrainConfig& job) {
  TrainConfig config = job;
  config.mutable_data()->set_max_steps(arguments.steps);
  config.mutable_checkpoint()->set_directory("");
  config.mutable_checkpoint()->set_best(CheckpointConfig::NONE);
  config.mutable_evaluate()->clear_log();
  config.mutable_report()->set_metrics("");
  config.mutable_report()->set_tensorboard("");
  config.mutable_report()->set_prometheus("");
  config.mutable_report()->mutable_trace()->set_file("");
  const uint32_t most = *std::max_element(arguments.workers.begin(), arguments.workers.end());
  const auto cores = static_cast<uint32_t>(std::max<size_t>(1, AllowedCores().size()));
  uint32_t threads = arguments.threads > 0 ? arguments.threads : config.compute().threads();
  // The same number for all layouts, so that a worker is the same thing in each.
  if (threads == 0) threads = std::max(1u, cores * arguments.hosts / most);
  config.mutable_compute()->set_threads(threads);
  if (arguments.gpus) config.mutable_compute()->set_backend(ComputeConfig::CUDA);
  return config;
}

Result<std::vector<SweepLayout>> LayoutsOf(const ScaleArguments& arguments,
                                           const TrainConfig& config) {
  const bool colocated = config.cluster().placement() == ClusterConfig::COLOCATED;
  if (colocated && !arguments.servers.empty()) {
    return InvalidArgument("--servers: with cluster.placement COLOCATED every rank serves");
  }
  std::vector<uint32_t> servers = arguments.servers;
  if (servers.empty()) servers.push_back(config.cluster().servers());
  std::vector<SweepLayout> layouts;
  for (const uint32_t of_servers : servers) {
    for (const uint32_t workers : arguments.workers) {
      SweepLayout layout{config, colocated ? workers : of_servers, workers};
      layout.config.mutable_cluster()->set_servers(layout.servers);
      if (arguments.mode == "weak") {
        const uint64_t grains =
            uint64_t{config.step().grains_per_step()} * workers / arguments.workers.front();
        if (workers % arguments.workers.front() != 0 || (grains & (grains - 1)) != 0) {
          return InvalidArgument(StrCat("--mode weak: ", workers, " workers after ",
                                        arguments.workers.front(), " would have a step of ", grains,
                                        " grains; expected a power of two"));
        }
        layout.config.mutable_step()->set_grains_per_step(static_cast<uint32_t>(grains));
      }
      layouts.push_back(std::move(layout));
    }
  }
  return layouts;
}

// Kept beside the results, so that a sweep that goes on is compared with the same rates.
Result<PlanRates> RatesOfSweep(const ScaleArguments& arguments, const TrainConfig& config) {
  const std::string own = JoinPath(arguments.output, "calibration.json");
  if (!arguments.calibration.empty()) return LoadRates(PosixFiles(), arguments.calibration);
  if (arguments.resume && PosixFiles().Exists(own)) return LoadRates(PosixFiles(), own);
  // The measurement runs on cores, which have no TF32.
  TrainConfig of_cores = config;
  if (!arguments.gpu.empty()) of_cores.mutable_compute()->set_precision(ComputeConfig::FP32);
  ASSIGN_OR_RETURN(const auto job, PlannedJob::Open(of_cores, PosixFiles()));
  ASSIGN_OR_RETURN(const PlanRates rates, MeasureRates(*job, PosixFiles(), kCalibrateSeconds));
  RETURN_IF_ERROR(PosixFiles().CreateDirectories(arguments.output));
  RETURN_IF_ERROR(SaveRates(PosixFiles(), own, rates));
  return rates;
}

Result<JobPlan> PlanOfLayout(const ScaleArguments& arguments, const SweepLayout& layout,
                             const PlanRates& rates, const std::optional<gpu::Gpu>& gpu) {
  PlanRequest request;
  request.hosts = arguments.hosts;
  request.workers = layout.workers;
  request.servers =
      layout.config.cluster().placement() == ClusterConfig::COLOCATED ? 0 : layout.servers;
  request.link_gbit = arguments.link_gbit;
  request.latency_us = arguments.latency_us;
  ASSIGN_OR_RETURN(PlanLayout planned, LayoutOf(layout.config, request));
  if (gpu.has_value()) planned.set_gpu(gpu->name);
  ASSIGN_OR_RETURN(TracedJob traced,
                   TraceJob(layout.config, planned, arguments.steps, {}, PosixFiles()));
  if (gpu.has_value()) {
    ASSIGN_OR_RETURN(const GpuWork work, TraceGpu(layout.config, planned, *gpu, PosixFiles()));
    PredictOnGpus(layout.config, rates, work, &traced);
  } else {
    Predict(layout.config, rates, &traced);
  }
  return std::move(traced.plan);
}

// The GPUs that the plan assumes for the workers; none: they compute on cores. A prediction is
// shown only beside runs of its kind.
Result<std::optional<gpu::Gpu>> GpuOfSweep(const ScaleArguments& arguments,
                                           const TrainConfig& config) {
  std::optional<gpu::Gpu> asked;
  const bool on_gpus = config.compute().backend() == ComputeConfig::CUDA;
  if (arguments.gpu.empty()) {
    if (!on_gpus) return asked;
    return InvalidArgument(
        "workers compute on GPUs (--gpus, compute.backend: CUDA), and the plan beside the runs has "
        "to "
        "know which: give --gpu NAME or FILE");
  }
  if (!on_gpus) {
    return InvalidArgument(
        StrCat("--gpu ", arguments.gpu,
               ": the plan would be of GPUs, and the runs might not be "
               "(compute.backend: ",
               ComputeConfig::Backend_Name(config.compute().backend()),
               "); add --gpus where GPUs are, or ask chorus plan --gpu, which runs nothing"));
  }
  Result<gpu::Gpu> gpu = gpu::GpuOf(arguments.gpu, PosixFiles());
  if (!gpu.ok()) return gpu.status().Annotate("--gpu");
  asked = std::move(gpu).value();
  return asked;
}

// A checksum of the layout-free bytes of the newest checkpoint in a folder.
Result<std::string> CanonicalChecksum(const std::string& directory) {
  ASSIGN_OR_RETURN(const auto folder, worker::FindCheckpoint(PosixFiles(), directory));
  if (!folder.has_value()) return NotFound(StrCat(directory, " holds no complete checkpoint"));
  ChecksumStream sum;
  RETURN_IF_ERROR(WriteCanonical(PosixFiles(), *folder, [&](std::string_view bytes) {
    sum.Add(std::as_bytes(std::span(bytes)));
    return Status::Ok();
  }));
  return HexDigits(sum.value());
}

// Fills `canonical` of the layouts as far as it gets. Error: that of a run, or kInternal when
// models differ.
Status Check(const std::vector<SweepLayout>& layouts, const SweepOptions& options,
             std::vector<ScaleLayout>* measured) {
  ASSIGN_OR_RETURN(const std::vector<std::string> checkpoints,
                   RunToCheckpoints(layouts, options, PosixFiles()));
  for (size_t i = 0; i < checkpoints.size(); ++i) {
    ASSIGN_OR_RETURN(const std::string sum, CanonicalChecksum(checkpoints[i]));
    (*measured)[i].set_canonical(sum);
  }
  for (const ScaleLayout& layout : *measured) {
    if (layout.canonical() == measured->front().canonical()) continue;
    return Internal(StrCat("the model of ", layout.workers(), " workers and ", layout.servers(),
                           " servers differs from that of ", measured->front().workers(), " and ",
                           measured->front().servers(), ": ", layout.canonical(), " and ",
                           measured->front().canonical()));
  }
  return Status::Ok();
}

Status WriteScale(const ScaleArguments& arguments, const std::vector<ScaleLayout>& measured) {
  const Scaling scaling = arguments.mode == "weak" ? Scaling::kWeak : Scaling::kStrong;
  std::string lines;
  for (const ScaleLayout& layout : measured) {
    ASSIGN_OR_RETURN(const std::string line, ToJson(layout, {.zeros = true}));
    lines += line + "\n";
  }
  const std::pair<const char*, std::string> outputs[] = {
      {"scale.md", ScaleTables(scaling, measured)},
      {"scale.html", ScalePage(scaling, measured)},
      {"scale.svg", ScaleSvg(measured)},
      {"scale.jsonl", lines}};
  for (const auto& [name, text] : outputs) {
    RETURN_IF_ERROR(ReplaceFile(PosixFiles(), JoinPath(arguments.output, name), text));
  }
  std::fputs(ScaleTables(scaling, measured).c_str(), stdout);
  std::printf("\n%s: scale.md, scale.html, scale.svg, scale.jsonl, results.jsonl\n",
              arguments.output.c_str());
  std::fflush(stdout);
  return Status::Ok();
}

std::vector<ScaleRun> RunsOf(const std::vector<ScaleRun>& runs, uint64_t fingerprint) {
  std::vector<ScaleRun> own;
  for (const ScaleRun& run : runs) {
    if (run.job() == fingerprint) own.push_back(run);
  }
  return own;
}

Result<SweepOptions> OptionsOf(const ScaleArguments& arguments) {
  SweepOptions options;
  options.launcher = arguments.launcher.empty() ? UsualLauncher() : LauncherOf(arguments.launcher);
  if (options.launcher.empty()) return InvalidArgument("--launcher has no word");
  if (arguments.program.empty()) {
    ASSIGN_OR_RETURN(options.program, OwnProgram());
  } else {
    options.program = arguments.program;
  }
  options.hosts = arguments.hosts;
  options.output = arguments.output;
  options.repeats = arguments.repeats;
  options.deadline_seconds = 60 * arguments.deadline_minutes;
  options.resume = arguments.resume;
  return options;
}

// The layouts that tasks of an array have measured; tasks that have not ended are named.
Result<std::vector<ScaleRun>> CollectTasks(const SweepOptions& options,
                                           std::vector<SweepLayout>* layouts) {
  std::vector<std::string> folders;
  for (uint32_t i = 0; i < layouts->size(); ++i) folders.push_back(TaskFolder(options.output, i));
  ASSIGN_OR_RETURN(const std::vector<ScaleRun> runs,
                   CollectRuns(*layouts, options, folders, PosixFiles()));
  std::vector<SweepLayout> measured;
  for (size_t i = 0; i < layouts->size(); ++i) {
    const size_t found = RunsOf(runs, FingerprintOf((*layouts)[i], options)).size();
    if (found < options.repeats) {
      LogWarning(folders[i], " has ", found, " of ", options.repeats, " runs of ",
                 (*layouts)[i].name(), found == 0 ? ", which is left out" : "");
    }
    if (found > 0) measured.push_back((*layouts)[i]);
  }
  if (measured.empty()) {
    return NotFound(StrCat(options.output, ": no task has measured anything of these layouts"));
  }
  *layouts = std::move(measured);
  return runs;
}

// A task of an array.
Status RunOneLayout(const std::vector<SweepLayout>& layouts, uint32_t only, SweepOptions options) {
  if (only >= layouts.size()) {
    return InvalidArgument(
        StrCat("--only: ", only, ", and there are layouts 0 .. ", layouts.size() - 1));
  }
  options.output = TaskFolder(options.output, only);
  RETURN_IF_ERROR(PosixFiles().CreateDirectories(options.output));
  ASSIGN_OR_RETURN(const auto lock, LockFolder(PosixFiles(), options.output));
  return RunSweep({layouts[only]}, options, PosixFiles()).status();
}

Status WriteSlurm(const ScaleArguments& arguments, std::vector<SweepLayout> layouts) {
  ASSIGN_OR_RETURN(const std::string program, OwnProgram());
  const SlurmArray array{WordsOf(arguments, program), std::move(layouts), arguments.hosts};
  ASSIGN_OR_RETURN(const auto output, OutputFile::Create(PosixFiles(), arguments.slurm));
  RETURN_IF_ERROR(output->Append(SlurmScript(array)));
  RETURN_IF_ERROR(output->Commit());
  if (arguments.slurm == "-") return Status::Ok();
  std::printf("wrote %s: `bash %s [options of sbatch]` submits %zu tasks\n",
              arguments.slurm.c_str(), arguments.slurm.c_str(), array.layouts.size());
  return Status::Ok();
}

// Error: kAborted when a signal stopped it; earlier measurements are kept.
Status RunLayouts(const ScaleArguments& arguments, const TrainConfig& config) {
  ASSIGN_OR_RETURN(std::vector<SweepLayout> layouts, LayoutsOf(arguments, config));
  ASSIGN_OR_RETURN(const std::optional<gpu::Gpu> gpu, GpuOfSweep(arguments, config));
  if (!arguments.slurm.empty()) return WriteSlurm(arguments, std::move(layouts));
  ASSIGN_OR_RETURN(const SweepOptions options, OptionsOf(arguments));
  if (arguments.only.has_value()) return RunOneLayout(layouts, *arguments.only, options);
  RETURN_IF_ERROR(PosixFiles().CreateDirectories(options.output));
  ASSIGN_OR_RETURN(const auto lock, LockFolder(PosixFiles(), options.output));
  std::vector<ScaleRun> runs;
  if (arguments.collect) {
    ASSIGN_OR_RETURN(runs, CollectTasks(options, &layouts));
  }
  ASSIGN_OR_RETURN(const PlanRates rates, RatesOfSweep(arguments, config));
  std::vector<JobPlan> plans;
  for (const SweepLayout& layout : layouts) {
    ASSIGN_OR_RETURN(JobPlan plan, PlanOfLayout(arguments, layout, rates, gpu));
    plans.push_back(std::move(plan));
  }
  if (!arguments.collect) {
    ASSIGN_OR_RETURN(runs, RunSweep(layouts, options, PosixFiles()));
  }
  std::vector<ScaleLayout> measured;
  for (size_t i = 0; i < layouts.size(); ++i) {
    measured.push_back(MeasureLayout(RunsOf(runs, FingerprintOf(layouts[i], options)), plans[i]));
  }
  CompareLayouts(&measured);
  const Status checked = arguments.check ? Check(layouts, options, &measured) : Status::Ok();
  // The measurements are written even if the models differ.
  RETURN_IF_ERROR(WriteScale(arguments, measured));
  return checked;
}

}  // namespace

Status RunScale(const ScaleArguments& arguments, bool* stopped_by_signal) {
  std::vector<worker::FittedSetting> fitted;
  ASSIGN_OR_RETURN(const TrainConfig job,
                   LoadFitted(arguments.config, worker::Resume::kNothing, &fitted));
  if (job.data().log().empty()) return InvalidArgument("data.log is not set: what is to be run?");
  if (arguments.gpus && job.compute().backend() == ComputeConfig::CPU) {
    return InvalidArgument(
        "--gpus: the job computes on cores (compute.backend: CPU); leave --gpus out, or add --set "
        "compute.backend=CUDA");
  }
  if (arguments.check && arguments.mode == "weak") {
    return InvalidArgument("--check: layouts of weak scaling compute other models");
  }
  if (arguments.check && (!arguments.slurm.empty() || arguments.only || arguments.collect)) {
    return InvalidArgument("--check runs layouts one after the other; tasks of an array cannot");
  }
  if (!arguments.slurm.empty() && arguments.threads == 0 && job.compute().threads() == 0) {
    return InvalidArgument(
        "--slurm: give --threads: the hosts that tasks run on may have other cores than this one");
  }
  CatchStopSignals();
  const Status status = RunLayouts(arguments, Measured(arguments, job));
  *stopped_by_signal = status.code() == Code::kAborted && StopSignal() != 0;
  if (!*stopped_by_signal) return status;
  LogInfo(status.ToString(), "; the same command with --resume goes on");
  return Status::Ok();
}

}  // namespace chorus::launch
