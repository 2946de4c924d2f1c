#pragma once
// Which stage of its method each step trains. Stages follow one another, and each reads the log
// `epochs` times. Most methods have one stage. Thread safety: a value.

#include <cstdint>
#include <vector>

#include "worker/log/grain_reader.h"

namespace chorus::worker {

class StagePlan {
 public:
  // plan: of stages * epochs epochs. last_step: the last step that is trained, in whatever stage it
  // is.
  StagePlan(const ReadingPlan& plan, uint32_t stages, uint32_t epochs, uint64_t last_step);
  // The plan of one stage whose steps are all trained.
  explicit StagePlan(uint64_t done_steps) : last_step_(done_steps), ends_{done_steps} {}

  uint32_t stages() const { return static_cast<uint32_t>(ends_.size()); }
  uint32_t StageOf(uint64_t step) const;  // from 0; of any step of the log, trained or not
  // The step's number inside its stage, from 1, and the number of the stage's steps that are
  // trained: schedules and optimizers count by these.
  uint64_t StepInStage(uint64_t step) const;
  uint64_t StepsOfStage(uint64_t step) const;

 private:
  uint64_t Begin(uint32_t stage) const { return stage == 0 ? 0 : ends_[stage - 1]; }
  uint64_t last_step_;
  std::vector<uint64_t> ends_;  // [stages], the last step of each stage, trained or not
};

}  // namespace chorus::worker
