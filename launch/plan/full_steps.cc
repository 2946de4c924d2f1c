#include "launch/plan/full_steps.h"

#include <string>
#include <utility>

#include "common/strings.h"
#include "launch/plan/plan_text.h"
#include "worker/log/grain_reader.h"
#include "worker/log/log_reader.h"
#include "worker/objective/objective.h"
#include "worker/steps/training_data.h"

namespace chorus::launch {
namespace {

// Of `steps` those that a log of one epoch may fill, by its index alone, so that one that ends early
// is not read twice. Where epochs follow one another, each of which may end in a step that is not
// full, all.
Result<uint32_t> StepsByIndex(const TrainConfig& config, uint32_t steps, double full,
                              FileSystem& files) {
  const std::vector<std::string> paths(config.data().log().begin(), config.data().log().end());
  ASSIGN_OR_RETURN(const auto log, worker::LogReader::Open(files, paths));
  ASSIGN_OR_RETURN(const auto objective, worker::MakeObjective(config.objective(), config.seed()));
  const worker::ReadingOptions order = worker::TrainingOrder(config, objective->shape().stages());
  ASSIGN_OR_RETURN(const auto plan, worker::ReadingPlan::Make(*log, order));
  if (order.epochs > 1 || steps < plan->total_steps()) return steps;
  return static_cast<uint32_t>(static_cast<double>(plan->counts().kept_rows) / full);
}

}  // namespace

Result<TracedJob> TraceFullSteps(const TrainConfig& config, const PlanLayout& layout,
                                 uint32_t steps, const std::vector<KeySketch>& ids,
                                 FileSystem& files) {
  const double full = double{1} * config.step().grain_rows() * config.step().grains_per_step();
  // At the end of a log grains differ in length, so that its last full step may be one before.
  const uint64_t least = config.step().pull_ahead() + 2;
  ASSIGN_OR_RETURN(const uint32_t filled, StepsByIndex(config, steps, full, files));
  if (filled >= least) steps = filled;
  while (true) {
    ASSIGN_OR_RETURN(TracedJob traced, TraceJob(config, layout, steps, ids, files));
    const double read = traced.plan.read_steps();
    const double exposures = traced.plan.exposures_per_step() * read;
    // A half is less than an exposure, and more than the rounding error of a mean.
    if (exposures > full * read - 0.5) return traced;
    const auto fewer = static_cast<uint32_t>((exposures + 0.5) / full);
    if (fewer < least) {
      return InvalidArgument(StrCat("the log's first ", traced.plan.read_steps(), " steps have ",
                                    CountText(exposures), " exposures, and a plan of GPUs is of ",
                                    least, " or more full steps, of ", CountText(full),
                                    " each: give a longer log, or a smaller step.grain_rows (",
                                    config.step().grain_rows(), ") or step.grains_per_step (",
                                    config.step().grains_per_step(), ")"));
    }
    steps = fewer;
  }
}

}  // namespace chorus::launch
