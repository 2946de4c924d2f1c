// Stages are whole passes over the log, one after the other.

#include "worker/steps/stage_plan.h"

#include <gtest/gtest.h>

namespace chorus::worker {
namespace {

// Epochs of 3, 4, 5, 6, ... steps.
class GrowingEpochs : public ReadingPlan {
 public:
  uint64_t total_steps() const override { return last_step_of_epoch(7); }
  uint64_t epoch_of_step(uint64_t) const override { return 0; }
  uint64_t last_step_of_epoch(uint64_t epoch) const override {
    return (epoch + 1) * (epoch + 6) / 2;
  }
  ReadingCounts counts() const override { return {}; }
  std::vector<std::unique_ptr<GrainReader>> NewReaders(GrainRange, uint32_t) const override {
    return {};
  }
};

TEST(StagePlanTest, StepsCountFromOneInEveryStage) {
  const StagePlan plan(GrowingEpochs(), 2, 2, 1000);  // 3 + 4 and 5 + 6 steps
  EXPECT_EQ(plan.stages(), 2u);
  for (uint64_t step = 1; step <= 18; ++step) {
    EXPECT_EQ(plan.StageOf(step), step <= 7 ? 0u : 1u);
    EXPECT_EQ(plan.StepInStage(step), step <= 7 ? step : step - 7);
    EXPECT_EQ(plan.StepsOfStage(step), step <= 7 ? 7u : 11u);
  }
}

TEST(StagePlanTest, TrainingMayEndInAnyStage) {
  const StagePlan early(GrowingEpochs(), 2, 2, 5);
  EXPECT_EQ(early.StageOf(5), 0u);
  EXPECT_EQ(early.StepsOfStage(5), 5u);
  EXPECT_EQ(early.StageOf(8), 1u) << "steps behind the end are pulled ahead";
  const StagePlan late(GrowingEpochs(), 2, 2, 10);
  EXPECT_EQ(late.StageOf(10), 1u);
  EXPECT_EQ(late.StepInStage(10), 3u);
  EXPECT_EQ(late.StepsOfStage(10), 3u);
}

}  // namespace
}  // namespace chorus::worker
