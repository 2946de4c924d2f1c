#pragma once
// Which stage of its method each step trains. Every stage reads the log `epochs` times, one stage
// after the other; a method of one stage is the usual case. Thread safety: a value.

#include <cstdint>
#include <vector>

#include "worker/log/grain_reader.h"

namespace chorus::worker {

class StagePlan {
 public:
  // plan: of stages * epochs epochs. last_step: where training ends, in whatever stage.
  StagePlan(const ReadingPlan& plan, uint32_t stages, uint32_t epochs, uint64_t last_step);

  uint32_t stages() const { return static_cast<uint32_t>(ends_.size()); }
  uint32_t StageOf(uint64_t step) const;  // from 0; of any step of the log, trained or not
  // What schedules and optimizers count: the step's number inside its stage, from 1, and the
  // stage's number of steps.
  uint64_t StepInStage(uint64_t step) const;
  uint64_t StepsOfStage(uint64_t step) const;

 private:
  uint64_t Begin(uint32_t stage) const { return stage == 0 ? 0 : ends_[stage - 1]; }
  uint64_t last_step_;
  std::vector<uint64_t> ends_;  // [stages], the last step of each, were all trained
};

}  // namespace chorus::worker
