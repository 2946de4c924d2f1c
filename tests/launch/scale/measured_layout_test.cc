#include "launch/scale/measured_layout.h"

#include <gtest/gtest.h>

namespace chorus::launch {
namespace {

ScaleRun RunOf(uint32_t workers, const std::vector<double>& step_seconds) {
  ScaleRun run;
  run.set_servers(1);
  run.set_workers(workers);
  run.add_rank()->mutable_server()->set_memory_bytes(1000);
  for (uint32_t w = 0; w < workers; ++w) {
    WorkerCounters& counted = *run.add_rank()->mutable_worker();
    counted.set_worker(w);
    counted.set_steps(10);
    counted.set_compute(5);
    counted.set_pull(1);
    counted.set_frames_sent(11);
    counted.set_bytes_sent(500);
    for (const double seconds : step_seconds) counted.add_step_seconds(seconds);
  }
  return run;
}

JobPlan PlanOf(uint32_t workers) {
  JobPlan plan;
  plan.set_exposures_per_step(100);
  plan.set_exposures_per_second(100.0 * workers);
  plan.set_step_seconds(1);
  plan.add_rank();
  for (uint32_t w = 0; w < workers; ++w) {
    PlanRun& run = *plan.add_rank()->mutable_run();
    run.set_steps(10);
    run.set_frames_sent(11);
    run.set_bytes_sent(500);
  }
  return plan;
}

TEST(MeasuredLayout, TheFirstStepsDoNotCount) {
  EXPECT_NEAR(StepSecondsOf(RunOf(1, {9, 9, 1, 1, 1, 1, 1, 1, 1, 1})), 1, 1e-12);
  EXPECT_NEAR(StepSecondsOf(RunOf(1, {2, 4})), 3, 1e-12) << "of few, all do";
}

TEST(MeasuredLayout, AStepHasAnIntervalOverRuns) {
  const ScaleLayout layout = MeasureLayout({RunOf(2, {1, 1}), RunOf(2, {3, 3})}, PlanOf(2));
  EXPECT_NEAR(layout.step_seconds(), 2, 1e-12);
  EXPECT_NEAR(layout.exposures_per_second(), 50, 1e-12);
  EXPECT_NEAR(layout.step_seconds_high() - 2, 12.706 * 1, 0.01) << "Student's t, one degree";
  EXPECT_EQ(layout.step_seconds_low(), 0) << "no time is negative";
  EXPECT_EQ(layout.largest_part(), "compute");
  EXPECT_EQ(layout.server_memory_bytes(), 1000u);
  const ScaleLayout once = MeasureLayout({RunOf(2, {1, 1})}, PlanOf(2));
  EXPECT_EQ(once.step_seconds_low(), once.step_seconds_high());
}

TEST(MeasuredLayout, TrafficIsHeldAgainstThePlanOfEachWorker) {
  EXPECT_TRUE(MeasureLayout({RunOf(2, {1})}, PlanOf(2)).as_planned());
  ScaleRun odd = RunOf(2, {1});
  odd.mutable_rank(2)->mutable_worker()->set_bytes_sent(501);
  EXPECT_FALSE(MeasureLayout({RunOf(2, {1}), odd}, PlanOf(2)).as_planned());
}

TEST(MeasuredLayout, EfficiencyIsTheSpeedOfAWorkerAgainstTheFirstLayout) {
  std::vector<ScaleLayout> layouts = {MeasureLayout({RunOf(1, {4, 4})}, PlanOf(1)),
                                      MeasureLayout({RunOf(4, {2, 2})}, PlanOf(4))};
  CompareLayouts(&layouts);
  EXPECT_EQ(layouts[0].efficiency(), 1);
  EXPECT_NEAR(layouts[1].efficiency(), 0.5, 1e-12);
  EXPECT_NEAR(layouts[1].planned_efficiency(), 1, 1e-12);
}

}  // namespace
}  // namespace chorus::launch
