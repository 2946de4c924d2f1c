// Times of a step on GPUs, by hand.

#include "launch/plan/gpu_step_time.h"

#include <gtest/gtest.h>

#include "tests/launch/plan/gpu_work_testing.h"

namespace chorus::launch {
namespace {

double TimeNamed(const std::vector<PlanTime>& times, const std::string& name) {
  for (const PlanTime& time : times) {
    if (time.name() == name) return time.seconds();
  }
  ADD_FAILURE() << name;
  return -1;
}

constexpr double kCopy = gpu::assumed::kCopySeconds;
constexpr double kPackRows = 400'000 / (gpu::assumed::kPackGbS * 1e9);

// Rows are packed and copied before kernels run, all else of the step is there already.
TEST(GpuStepTime, AStepIsASequenceOfItsParts) {
  const GpuStepTime time = PredictGpuStep(HostsOfGpus(1), RoundGpuWork(), FastHosts());
  const double up = 0.5e-3 + kCopy, down = 0.5e-3 + kCopy;
  EXPECT_NEAR(TimeNamed(time.compute, "packing rows"), kPackRows, 1e-9);
  EXPECT_NEAR(TimeNamed(time.compute, "rows to the GPU"), up, 1e-9);
  EXPECT_NEAR(TimeNamed(time.compute, "kernels and products"), 3e-3, 1e-9);
  EXPECT_NEAR(TimeNamed(time.parts, "compute"), kPackRows + up + 3e-3 + down, 1e-9);
  EXPECT_NEAR(TimeNamed(time.parts, "optimizer"), 1e-3, 1e-9);
  EXPECT_NEAR(TimeNamed(time.parts, "all-reduce"), 0, 1e-9);
  EXPECT_NEAR(time.seconds, kPackRows + up + 3e-3 + down + 1e-3, 1e-7);
  EXPECT_EQ(time.bottleneck, "the GPU");
}

// 1e6 floats of two workers on two hosts: each sends half of its own and half of the sum.
TEST(GpuStepTime, GradientsBetweenHostsTakeTheirNetwork) {
  GpuWork gpu = RoundGpuWork();
  gpu.sums = true;
  gpu.sum = {1'000'000, 1, 2, 1, true};
  const GpuStepTime time = PredictGpuStep(HostsOfGpus(2), gpu, FastHosts());
  const double network = 4e6 / (1e6 * gpu::assumed::kNetworkShare);
  EXPECT_NEAR(TimeNamed(time.parts, "all-reduce"), network + gpu::assumed::kSumSeconds, 1e-6);
  EXPECT_NEAR(TimeNamed(time.resources, "link of a host"), network, 1e-6);
  EXPECT_EQ(time.bottleneck, "link of a host");
  // Beside each other on one host they have links of their own.
  gpu.sum.of_host = 2;
  const GpuStepTime inside = PredictGpuStep(HostsOfGpus(2), gpu, FastHosts());
  EXPECT_NEAR(TimeNamed(inside.parts, "all-reduce"),
              4e6 / (1e9 * gpu::assumed::kLinkShare) + gpu::assumed::kSumSeconds, 1e-9);
}

// A card without links of its own sums over the bus that takes its rows.
TEST(GpuStepTime, SumsWithoutLinksTakeTheBus) {
  GpuWork gpu = RoundGpuWork();
  gpu.sums = true;
  gpu.sum = {1'000'000, 1, 2, 2, true};
  const double sum = 4e6 / (1e9 * gpu::assumed::kLinkShare);
  const GpuStepTime over_bus = PredictGpuStep(HostsOfGpus(2), gpu, FastHosts());
  EXPECT_NEAR(TimeNamed(over_bus.resources, "the bus to the GPU"), 1e-3 + kCopy + sum, 1e-9);
  EXPECT_NEAR(TimeNamed(over_bus.resources, "the bus from the GPU"), 0.5e-3 + kCopy + sum, 1e-9);
  gpu.gpu.link_gb_s = 2;
  const GpuStepTime linked = PredictGpuStep(HostsOfGpus(2), gpu, FastHosts());
  EXPECT_NEAR(TimeNamed(linked.resources, "the bus to the GPU"), 1e-3 + kCopy, 1e-9);
  EXPECT_NEAR(TimeNamed(linked.resources, "links between GPUs"), sum / 2, 1e-9);
}

// Where hosts sum gradients, their links and cores carry these as they do without GPUs.
TEST(GpuStepTime, GradientsThatHostsSumTakeTheirLinksAndCores) {
  StepWork work = HostsOfGpus(4);
  work.layout.set_hosts(3);
  for (size_t w = 0; w < 4; ++w) {
    WorkerWork& worker = work.workers[w];
    worker.host = w < 2 ? 1 : 2;
    worker.sums = 1;
    worker.sum_messages = 6;
    worker.sum_bytes = 6e6;
    worker.sum_away = 4e6;
  }
  PlanRates rates = FastHosts();
  rates.set_sum_bytes(1e6);
  const GpuStepTime time = PredictGpuStep(work, RoundGpuWork(), rates);
  EXPECT_NEAR(TimeNamed(time.resources, "link of a host"), 2 * 4e6 / 1e6, 1e-6);
  EXPECT_NEAR(TimeNamed(time.resources, "cores of a host"), 2 * 6e6 / 1e6, 1e-6);
  EXPECT_GE(time.seconds, 12);
}

TEST(GpuStepTime, RowsAreWaitedForUnlessTheyArePulledAhead) {
  StepWork work = HostsOfGpus(1);
  work.workers[0].bytes_received = work.workers[0].away_received = 1000;  // 1 ms of the link
  const GpuWork gpu = RoundGpuWork();
  const GpuStepTime at_once = PredictGpuStep(work, gpu, FastHosts());
  EXPECT_NEAR(TimeNamed(at_once.parts, "pull"), 0, 1e-9);  // the update takes as long
  work.workers[0].bytes_received = work.workers[0].away_received = 5000;
  EXPECT_NEAR(TimeNamed(PredictGpuStep(work, gpu, FastHosts()).parts, "pull"), 4e-3, 1e-7);
  work.pull_ahead = 1;
  EXPECT_NEAR(TimeNamed(PredictGpuStep(work, gpu, FastHosts()).parts, "pull"), 0, 1e-9);
}

// Eight workers of a host with eight cores pack with one each.
TEST(GpuStepTime, WorkersOfAHostShareItsCores) {
  StepWork work = HostsOfGpus(1);
  work.layout.set_threads(8);
  work.layout.set_cores(8);
  GpuWork gpu = RoundGpuWork();
  EXPECT_NEAR(TimeNamed(PredictGpuStep(work, gpu, FastHosts()).compute, "packing rows"),
              kPackRows / 8, 1e-10);
  gpu.sum.of_host = 8;
  EXPECT_NEAR(TimeNamed(PredictGpuStep(work, gpu, FastHosts()).compute, "packing rows"), kPackRows,
              1e-10);
}

}  // namespace
}  // namespace chorus::launch
