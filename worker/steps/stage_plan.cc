#include "worker/steps/stage_plan.h"

#include <algorithm>

#include "common/check.h"

namespace chorus::worker {

StagePlan::StagePlan(const ReadingPlan& plan, uint32_t stages, uint32_t epochs, uint64_t last_step)
    : last_step_(last_step) {
  for (uint32_t stage = 0; stage < stages; ++stage) {
    ends_.push_back(plan.last_step_of_epoch(uint64_t{stage + 1} * epochs - 1));
  }
}

uint32_t StagePlan::StageOf(uint64_t step) const {
  CHECK(step >= 1 && step <= ends_.back(), "step ", step, " of ", ends_.back());
  return static_cast<uint32_t>(std::lower_bound(ends_.begin(), ends_.end(), step) - ends_.begin());
}

uint64_t StagePlan::StepInStage(uint64_t step) const { return step - Begin(StageOf(step)); }

uint64_t StagePlan::StepsOfStage(uint64_t step) const {
  const uint32_t stage = StageOf(step);
  return std::min(ends_[stage], last_step_) - Begin(stage);
}

}  // namespace chorus::worker
