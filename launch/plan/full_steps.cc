#include "launch/plan/full_steps.h"

#include <utility>

#include "common/strings.h"
#include "launch/plan/plan_text.h"

namespace chorus::launch {

Result<TracedJob> TraceFullSteps(const TrainConfig& config, const PlanLayout& layout,
                                 uint32_t steps, const std::vector<KeySketch>& ids,
                                 FileSystem& files) {
  const double full = double{1} * config.step().grain_rows() * config.step().grains_per_step();
  while (true) {
    ASSIGN_OR_RETURN(TracedJob traced, TraceJob(config, layout, steps, ids, files));
    const double read = traced.plan.read_steps();
    const double exposures = traced.plan.exposures_per_step() * read;
    // A half is less than an exposure, and more than the rounding error of a mean.
    if (exposures > full * read - 0.5) return traced;
    const auto fewer = static_cast<uint32_t>((exposures + 0.5) / full);
    // At the end of a log grains differ in length, so that its last full step may be one before.
    const uint64_t least = config.step().pull_ahead() + 2;
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
