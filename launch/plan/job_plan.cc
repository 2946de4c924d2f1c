#include "launch/plan/job_plan.h"

#include <algorithm>
#include <utility>

#include "common/cores.h"
#include "common/strings.h"
#include "launch/plan/advice.h"
#include "launch/plan/distinct_ids.h"
#include "launch/plan/plan_writer.h"
#include "launch/plan/worker_trace.h"

namespace chorus::launch {
namespace {

// As worker/train/session.cc.
uint32_t ReaderThreads(const TrainConfig& config, const PlanLayout& layout) {
  const uint32_t asked = config.compute().reader_threads();
  if (asked > 0) return asked;
  return layout.gpu().empty() ? std::max(layout.threads() / 16, 1u)
                              : std::clamp(layout.threads() / 2, 1u, 8u);
}

}  // namespace

Result<TracedJob> TraceJob(const TrainConfig& config, const PlanLayout& layout, uint32_t steps,
                           const std::vector<KeySketch>& ids, FileSystem& files) {
  ASSIGN_OR_RETURN(const worker::TrainingData whole, worker::OpenTrainingData(config, files));
  // A frame with keys and gradients is in the middle of a run.
  const uint64_t least = config.step().pull_ahead() + 2;
  if (whole.last_step < least) {
    return InvalidArgument(StrCat("the job has ", whole.last_step, " steps; a plan needs ", least,
                                  ", since the first ones send no gradients"));
  }
  TrainConfig short_run = config;
  const uint64_t read = std::min(whole.last_step, std::max<uint64_t>(steps, least));
  short_run.mutable_data()->set_max_steps(read);
  ASSIGN_OR_RETURN(const auto job, PlannedJob::Open(short_run, files));
  TracedJob out;
  out.work.layout = layout;
  out.work.pull_ahead = config.step().pull_ahead();
  out.work.reader_threads = ReaderThreads(config, layout);
  out.work.is_encrypted = config.cluster().protection() != ClusterConfig::AUTHENTICATED;
  const bool colocated = IsColocated(config);
  const Layouts at{layout, colocated, HostsOfRanks(layout, colocated)};
  JobPlan& plan = out.plan;
  plan.set_method(std::string(job->objective->name()));
  for (const worker::BlockInfo& block : whole.log->blocks()) {
    plan.set_log_exposures(plan.log_exposures() + block.rows);
  }
  plan.set_steps(whole.last_step);
  plan.set_read_steps(read);
  *plan.mutable_layout() = layout;
  PlanWriter writer(*job, at, &plan, &out.work);
  for (uint32_t w = 0; w < layout.workers(); ++w) {
    ASSIGN_OR_RETURN(const WorkerTrace trace,
                     TraceWorker(*job, w, layout.workers(), layout.servers(), nullptr));
    writer.AddWorker(w, trace);
  }
  writer.Finish(ids);
  for (const WorkerWork& worker : out.work.workers) {
    plan.set_exposures_per_step(plan.exposures_per_step() + worker.exposures);
  }
  return out;
}

void Predict(const TrainConfig& config, const PlanRates& rates, TracedJob* traced) {
  JobPlan& plan = traced->plan;
  const StepTime time = PredictStep(traced->work, rates);
  *plan.mutable_rates() = rates;
  plan.set_step_seconds(time.seconds);
  plan.set_exposures_per_second(time.seconds > 0 ? plan.exposures_per_step() / time.seconds : 0);
  for (const PlanTime& part : time.parts) *plan.add_part() = part;
  for (const PlanTime& resource : time.resources) *plan.add_resource() = resource;
  plan.set_bottleneck(time.bottleneck);
  for (const std::string& line : AdviceFor(config, traced->work, rates)) {
    plan.add_advice(line);
  }
}

Result<std::vector<KeySketch>> CountIds(const TrainConfig& config, FileSystem& files) {
  ASSIGN_OR_RETURN(const auto job, PlannedJob::Open(config, files));
  return SketchIds(*job->data.log, job->model.inputs, ThreadsOrCores(config.compute().threads()));
}

}  // namespace chorus::launch
