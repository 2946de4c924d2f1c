#include "launch/plan/calibrate.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/cores.h"
#include "common/strings.h"
#include "launch/job/local_cluster.h"
#include "launch/plan/loopback.h"
#include "launch/plan/plan_rates.h"
#include "launch/plan/stopwatch.h"
#include "launch/plan/worker_trace.h"
#include "worker/train/session.h"
#include "worker/train/step_sums.h"

namespace chorus::launch {
namespace {

using Clock = std::chrono::steady_clock;

constexpr uint32_t kSteps = 4;        // that are read, and computed again and again
constexpr uint32_t kLeastRounds = 3;  // of all of them, whatever time they take
constexpr uint32_t kMostGrains = 64;

// Seconds of a step of one worker on `threads` threads.
struct Times {
  std::vector<double> compute, combine, optimizer, server;
};

// The mean contents of the steps that are read.
struct Means {
  double exposures = 0, flops = 0, bytes_sent = 0, rows = 0;
};

// The job as one worker and one server, with enough grains for all cores; nothing is written.
TrainConfig ConfigOfRun(const TrainConfig& job, uint32_t workers, uint32_t threads) {
  TrainConfig config = job;
  const uint32_t own = std::max(1u, job.step().grains_per_step() / workers);
  const uint32_t grains = std::bit_ceil(std::max(own, std::min(threads, kMostGrains)));
  config.mutable_step()->set_grains_per_step(std::min(grains, kMostGrains));
  config.mutable_step()->set_pull_ahead(0);
  config.mutable_data()->set_max_steps(kSteps);
  config.mutable_checkpoint()->set_directory("");
  config.mutable_checkpoint()->set_best(CheckpointConfig::NONE);
  config.mutable_evaluate()->clear_log();
  config.mutable_report()->set_metrics("");
  config.mutable_report()->set_tensorboard("");
  config.mutable_report()->set_prometheus("");
  config.mutable_warm_start()->set_checkpoint("");
  config.mutable_cluster()->set_servers(1);
  config.mutable_cluster()->set_server_threads(1);
  config.mutable_compute()->set_threads(threads);
  config.mutable_compute()->set_backend(ComputeConfig::CPU);
  return config;
}

class CalibrationRun {
 public:
  CalibrationRun(const PlannedJob& job, double seconds) : job_(job), seconds_(seconds) {}

  // Reads the steps. *read_seconds: of one exposure.
  Status Read(double* read_seconds);
  Status Run(FileSystem& files, uint32_t threads, Times* times);

 private:
  Status OnWorker(const TrainConfig& config, const worker::WorkerEnvironment& environment,
                  Times* times);
  Status Step(uint64_t step, worker::Session* session, Times* times);

  const PlannedJob& job_;
  const double seconds_;
  std::vector<std::unique_ptr<worker::StepBatch>> batches_;
  std::unique_ptr<worker::StepGradients> gradients_;  // of the last step
};

// The first step decodes a window of each lane; later ones take their rows from there.
Status CalibrationRun::Read(double* read_seconds) {
  const TrainConfig& config = job_.config;
  worker::StepReaderOptions options;
  options.grains = {0, config.step().grains_per_step()};
  options.slot_reads = job_.model.inputs.slot_reads;
  options.tables = job_.model.inputs.tables;
  options.objective = job_.objective.get();
  options.stages = &job_.data.stages;
  options.shards = config.cluster().shards();
  options.last_step = job_.data.last_step;
  options.ahead = 1;
  Stopwatch watch;
  worker::StepReader reader(*job_.data.plan, options);
  std::vector<double> later;
  double first = 0, rows = 0;
  for (uint64_t step = 1; step <= job_.data.last_step; ++step) {
    ASSIGN_OR_RETURN(std::unique_ptr<worker::StepBatch> batch, reader.Next());
    (step == 1 ? first : later.emplace_back()) = watch.Lap();
    for (const worker::Batch& grain : batch->grains) rows += grain.rows();
    batches_.push_back(std::move(batch));
  }
  const double step_rows = std::max(1.0, rows / static_cast<double>(batches_.size()));
  double log_rows = 0;
  for (const worker::BlockInfo& block : job_.data.log->blocks()) log_rows += block.rows;
  const double lanes = worker::TrainingOrder(config, 1).order == DataConfig::SHUFFLED
                           ? config.step().grains_per_step()
                           : 1;
  const double window = config.data().window_blocks() * lanes * log_rows /
                        static_cast<double>(job_.data.log->blocks().size());
  const double cut = later.empty() ? 0 : TypicalOf(later) / step_rows;
  *read_seconds = std::max(1e-9, first / std::max(step_rows, std::min(window, log_rows)) + cut);
  return Status::Ok();
}

Status CalibrationRun::Step(uint64_t step, worker::Session* session, Times* times) {
  const worker::StepBatch& batch = *batches_[(step - 1) % batches_.size()];
  worker::Engine& engine = session->engine();
  Stopwatch watch;
  RETURN_IF_ERROR(session->client().Send(step, batch.keys, std::move(gradients_), nullptr));
  double combine = watch.Lap();
  ASSIGN_OR_RETURN(const auto rows, session->client().Wait(step));
  const double server = watch.Lap();
  RETURN_IF_ERROR(engine.Begin(batch, *rows));
  if (session->objective().partials(batch.stage) > 0) RETURN_IF_ERROR(engine.Forward());
  const double scale = 1.0 / std::max(1u, job_.config.step().grain_rows());
  RETURN_IF_ERROR(engine.Train(std::vector<double>(session->objective().terms().size(), scale)));
  RETURN_IF_ERROR(engine.FinishTrain());
  const double compute = watch.Lap();
  gradients_ = std::make_unique<worker::StepGradients>(engine.CombineSparse());
  gradients_->lr_factors.assign(session->tables().size(), 0.0f);
  combine += watch.Lap();
  std::vector<float> gradient(static_cast<size_t>(session->model().parameters().size()), 0.0f);
  watch.Lap();
  RETURN_IF_ERROR(session->UpdateDense(batch.stage, step, step + 1, gradient));
  const double optimizer = watch.Lap();
  if (step <= batches_.size()) return Status::Ok();  // memory is touched for the first time
  times->compute.push_back(compute);
  times->combine.push_back(combine);
  times->optimizer.push_back(optimizer);
  times->server.push_back(server);
  return Status::Ok();
}

Status CalibrationRun::OnWorker(const TrainConfig& config,
                                const worker::WorkerEnvironment& environment, Times* times) {
  ASSIGN_OR_RETURN(const auto session,
                   worker::Session::Create(config, job_.data.log->schema(), environment,
                                           worker::StepSums::kExtras));
  gradients_ = nullptr;
  const Clock::time_point begin = Clock::now();
  const uint64_t least = (1 + kLeastRounds) * batches_.size();
  for (uint64_t step = 1;
       step <= least || std::chrono::duration<double>(Clock::now() - begin).count() < seconds_;
       ++step) {
    RETURN_IF_ERROR(Step(step, session.get(), times));
  }
  return Status::Ok();
}

Status CalibrationRun::Run(FileSystem& files, uint32_t threads, Times* times) {
  TrainConfig config = job_.config;
  config.mutable_compute()->set_threads(threads);
  return RunLocalCluster(
      config, LocalClusterOptions(), files,
      [&](const TrainConfig& of_worker, const worker::WorkerEnvironment& environment) {
        return OnWorker(of_worker, environment, times);
      });
}

// Measures the frames that a run of the steps sends, except for the first ones, which have no
// gradients.
Result<Means> MeansOf(const PlannedJob& job) {
  ASSIGN_OR_RETURN(const WorkerTrace trace, TraceWorker(job, 0, 1, 1, nullptr));
  Means means;
  double steps = 0, frames = 0;
  for (size_t i = 0; i < trace.size(); ++i) {
    const StepLoad& load = trace[i];
    if (load.exposures > 0) {
      ++steps;
      means.exposures += static_cast<double>(load.exposures);
      means.flops += load.flops;
    }
    if (load.exposures == 0 || i == 0) continue;
    ++frames;
    means.bytes_sent += static_cast<double>(load.sent[0].bytes);
    means.rows += static_cast<double>(load.rows[0] + load.gradient_rows[0]);
  }
  if (steps == 0 || frames == 0) {
    return InvalidArgument("the log has fewer than two steps: too few to calibrate with");
  }
  means.exposures /= steps;
  means.flops /= steps;
  means.bytes_sent /= frames;
  means.rows /= frames;
  return means;
}

}  // namespace

Result<PlanRates> MeasureRates(const PlannedJob& job, FileSystem& files, double seconds) {
  const auto cores = static_cast<uint32_t>(std::max<size_t>(1, AllowedCores().size()));
  ASSIGN_OR_RETURN(const std::unique_ptr<PlannedJob> own,
                   PlannedJob::Open(ConfigOfRun(job.config, 1, cores), files));
  PlanRates rates = AssumedRates();
  rates.set_machine(StrCat("measured: ", CpuModel(), ", ", cores, " cores"));
  rates.set_cores(cores);
  CalibrationRun run(*own, seconds / 3);
  double read_seconds = 0;
  RETURN_IF_ERROR(run.Read(&read_seconds));
  rates.set_read_exposures(1 / read_seconds);
  ASSIGN_OR_RETURN(const Means means, MeansOf(*own));
  Times alone, together;
  RETURN_IF_ERROR(run.Run(files, 1, &alone));
  const double compute = TypicalOf(alone.compute);
  rates.set_core_flops(means.flops / compute);
  rates.set_combine_bytes(means.bytes_sent / std::max(1e-7, TypicalOf(alone.combine)));
  const auto parameters = static_cast<double>(own->model.parameters().size());
  rates.set_update_floats(parameters / std::max(1e-7, TypicalOf(alone.optimizer)));
  rates.set_server_rows(means.rows / std::max(1e-7, TypicalOf(alone.server)));
  if (cores > 1) {
    RETURN_IF_ERROR(run.Run(files, cores, &together));
    const double grains = own->config.step().grains_per_step();
    const double shares = std::min<double>(cores, grains);
    const double share = compute / shares / TypicalOf(together.compute);
    rates.set_shared_core(std::clamp(share, 0.05, 1.0));
  }
  RETURN_IF_ERROR(MeasureLoopback(&rates));
  return rates;
}

}  // namespace chorus::launch
