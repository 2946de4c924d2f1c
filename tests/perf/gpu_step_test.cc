// Parts of gpu_step on emulated devices: what it times is what a job does.

#include <gtest/gtest.h>

#include <vector>

#include "perf/gpu_step/step_sums.h"
#include "perf/gpu_step/sum_times.h"
#include "tests/perf/modelled_jobs.h"
#include "tests/support/cuda_host/emulation.h"
#include "tests/worker/cuda/device_testing.h"
#include "worker/engine/device/device_choice.h"

namespace chorus::perf {

using namespace gpu;
namespace {

// Times are of the one, costs of the other.
TEST(GpuStepTest, AStepIsTheSameOnAPlainDeviceAndOnACountingOne) {
  for (const Job& job : ModelledJobs()) {
    if (job.name != "plain" && job.name != "partials" && job.name != "16-bit products") continue;
    SCOPED_TRACE(job.name);
    const World world = MakeWorld(job);
    const worker::StepBatch& batch = *world.data.steps.back();
    const auto precision = world.config.compute().precision();
    const auto plain = worker::testing::OpenTestDevice(worker::DevicePrecisionOf(precision));
    const auto counted = worker::testing::OpenTestDevice(worker::DevicePrecisionOf(precision));
    CountingDevice counting(counted.get(), precision);
    const auto plain_run = StepRun::Create(world.config, world.data, plain.get());
    const auto counted_run = StepRun::Create(world.config, world.data, &counting);
    ASSERT_TRUE(plain_run.ok()) << plain_run.status().ToString();
    ASSERT_TRUE(counted_run.ok()) << counted_run.status().ToString();
    const DrawnRows rows(world.data.model.dims);
    for (StepRun* const run : {plain_run->get(), counted_run->get()}) {
      for (int i = 0; i < 2; ++i) {
        const Status status = run->Run(batch, rows);
        ASSERT_TRUE(status.ok()) << status.ToString();
      }
    }
    EXPECT_TRUE(SameBits(SumsOf((*plain_run)->step(), world.data, batch),
                         SumsOf((*counted_run)->step(), world.data, batch)));
  }
}

uint64_t Sums(const cuda_host::Counters& counters) {
  const auto found = counters.calls.find("ncclAllReduce");
  return found == counters.calls.end() ? 0 : found->second;
}

TEST(GpuStepTest, SumsGoByBucketsOfTheJob) {
  NEEDS_EMULATION();
  cuda_host::SetDevices(2);
  std::vector<uint64_t> calls;
  for (const int64_t bucket : {1000, 500, 250}) {
    const uint64_t before = Sums(cuda_host::ReadCounters());
    const auto times = MeasureSums(worker::testing::OpenTestedDevice, {}, {2, {1000}, bucket});
    ASSERT_TRUE(times.ok()) << times.status().ToString();
    ASSERT_EQ(times->size(), 2u);
    calls.push_back(Sums(cuda_host::ReadCounters()) - before);
  }
  cuda_host::SetDevices(1);
  // What meeting takes is the same for all of them.
  EXPECT_GT(calls[1], calls[0]);
  EXPECT_EQ(calls[2] - calls[1], 2 * (calls[1] - calls[0]));
}

}  // namespace
}  // namespace chorus::perf
