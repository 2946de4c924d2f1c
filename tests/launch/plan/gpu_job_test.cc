// A plan of GPUs against jobs whose workers compute on emulated ones: memory of devices, frames and
// messages of hosts.

#include <gtest/gtest.h>

#include "common/strings.h"
#include "launch/gpu/gpu_file.h"
#include "launch/gpu/step_run.h"
#include "launch/plan/gpu_plan.h"
#include "launch/plan/gpu_work.h"
#include "launch/plan/job_plan.h"
#include "launch/plan/plan_rates.h"
#include "launch/plan/plan_text.h"
#include "tests/e2e/job_testing.h"
#include "tests/support/cuda_host/call_log.h"
#include "tests/support/cuda_host/emulation.h"
#include "tests/worker/cuda/tested_device.h"
#include "worker/engine/device/device_step.h"

namespace chorus::launch {
namespace {

using e2e::JobConfig;
using e2e::Layout;

class GpuJobTest : public testing::Test {
 protected:
  GpuJobTest() : files_(NewMemoryFiles()) {
    e2e::WriteJobLog(*files_, "train", e2e::RichSchema(), 600, 1);
    cuda_host::SetDevices(4);
  }
  ~GpuJobTest() override { cuda_host::SetDevices(1); }

  static TrainConfig Job(const std::string& more) {
    TrainConfig config = JobConfig(
        "step { grain_rows: 16 grains_per_step: 8 } checkpoint { directory: '' }"
        " evaluate { every_steps: 0 } report { metrics: '' }"
        " compute { backend: CUDA cuda { step_memory_mb: 2 } } " +
        more);
    config.mutable_evaluate()->clear_log();
    return config;
  }
  static PlanLayout LayoutWith(const TrainConfig& config, uint32_t workers) {
    PlanRequest request;
    request.hosts = 1;
    request.servers = 1;
    request.workers = workers;
    request.threads = 1;
    PlanLayout layout = LayoutOf(config, request).value();
    layout.set_gpu("H100");
    return layout;
  }
  GpuWork Trace(const TrainConfig& config, const PlanLayout& layout) {
    Result<GpuWork> work = TraceGpu(config, layout, *gpu::FindGpu("H100"), *files_);
    EXPECT_TRUE(work.ok()) << work.status().ToString();
    return std::move(work).value();
  }

  std::unique_ptr<FileSystem> files_;
};

// What a worker's device has taken when the step is made is, to a byte, what the plan counts.
TEST_F(GpuJobTest, MemoryOfADeviceIsWhatTheEmulationCounts) {
  NEEDS_EMULATION();
  for (const char* const more :
       {"objective { esmm {} }", "objective { chorus_cvr {} } compute { precision: BF16 }",
        "objective { dcmt { snips: true } } model { tower { hidden: [40, 20] } }"}) {
    SCOPED_TRACE(more);
    const TrainConfig config = Job(more);
    const GpuWork planned = Trace(config, LayoutWith(config, 1));
    const auto data = gpu::ReadStepData(config, *files_, {0, 8}, 1, 0);
    ASSERT_TRUE(data.ok()) << data.status().ToString();
    const size_t before = cuda_host::BytesOf(cuda_host::MemoryKind::kDevice);
    worker::DeviceOptions options;
    if (config.compute().precision() == ComputeConfig::BF16) {
      options.precision = worker::DevicePrecision::kBf16;
    }
    auto device = worker::testing::OpenTestedDevice(options);
    ASSERT_TRUE(device.ok()) << device.status().ToString();
    worker::DeviceStepOptions of_step = {&config, &data->model, data->objective.get(), {0, 8}};
    of_step.step_bytes = size_t{2} << 20;
    const auto step = worker::DeviceStep::Create(of_step, device->get());
    ASSERT_TRUE(step.ok()) << step.status().ToString();
    EXPECT_EQ(planned.memory.counted, cuda_host::BytesOf(cuda_host::MemoryKind::kDevice) - before);
    uint64_t parts = 0;
    for (const gpu::MemoryPart& part : planned.memory.parts) parts += part.bytes;
    EXPECT_EQ(parts, planned.memory.total());
    EXPECT_GT(planned.memory.host_bytes, uint64_t{2} << 20);
  }
}

// Dense gradients go among the devices, so that hosts sum losses and counts alone.
TEST_F(GpuJobTest, FramesAndSumsAreThoseThatTheJobCounts) {
  Layout layout;
  layout.workers = 2;
  layout.open_device = worker::testing::OpenTestedDevice;
  for (const char* const collective : {"NCCL", "HOST"}) {
    SCOPED_TRACE(collective);
    TrainConfig config = Job(StrCat(
        "objective { esmm {} } data { max_steps: 3 } compute { cuda { collective: ", collective,
        " } }"));
    config.mutable_cluster()->set_shards(layout.shards);
    const auto traced = TraceJob(config, LayoutWith(config, 2), 100000, {}, *files_);
    ASSERT_TRUE(traced.ok()) << traced.status().ToString();
    const e2e::Trained trained = e2e::TrainOn(*files_, config, layout);
    ASSERT_TRUE(trained.status.ok()) << trained.status.ToString();
    for (int w = 0; w < 2; ++w) {
      const PlanRun& run = traced->plan.rank(1 + w).run();
      const worker::TrainResult& counted = trained.workers[static_cast<size_t>(w)];
      EXPECT_EQ(run.bytes_sent(), counted.bytes_sent);
      EXPECT_EQ(run.bytes_received(), counted.bytes_received);
      EXPECT_EQ(run.sum_messages_sent(), counted.sums_sent.messages);
      EXPECT_EQ(run.sum_bytes_sent(), counted.sums_sent.bytes);
    }
  }
}

TEST_F(GpuJobTest, APlanSaysWhatTheDeviceHoldsAndDoes) {
  const TrainConfig config = Job("objective { esmm {} }");
  const PlanLayout layout = LayoutWith(config, 4);
  auto traced = TraceJob(config, layout, 3, {}, *files_);
  ASSERT_TRUE(traced.ok()) << traced.status().ToString();
  const GpuWork work = Trace(config, layout);
  PredictOnGpus(config, AssumedRates(), work, &*traced);
  const JobPlan& plan = traced->plan;
  EXPECT_GT(plan.gpu().kernels(), 0u);
  EXPECT_GT(plan.gpu().flops(), 0);
  EXPECT_EQ(plan.gpu().sum_bytes_away(), 0);  // one host
  EXPECT_EQ(plan.gpu().sum_bytes_inside(), gpu::BytesOf(work.sum).sent);
  double parts = 0;
  for (const PlanTime& part : plan.part()) parts += part.seconds();
  EXPECT_NEAR(parts, plan.step_seconds(), 1e-9);
  const std::string text = PlanText(plan);
  for (const char* const said : {"gpu        H100, products in FP32", "of 80.0 GB: dense weights",
                                 "page-locked for the GPU", "to GPUs of its host"}) {
    EXPECT_NE(text.find(said), std::string::npos) << said << "\n" << text;
  }
  EXPECT_NE(PlanTableText({plan}).find("| 4 | 1 | 1 |"), std::string::npos);
}

TEST_F(GpuJobTest, AHostHasNoMoreWorkersThanGpus) {
  const TrainConfig config = Job("objective { esmm {} }");
  gpu::Gpu gpu = *gpu::FindGpu("L4");
  gpu.of_host = 2;
  const Status status = TraceGpu(config, LayoutWith(config, 4), gpu, *files_).status();
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_NE(status.message().find("a host would have 4 workers and has 2 GPUs"), std::string::npos)
      << status.ToString();
  // Two that share one would take its memory and its time twice, of which a plan knows nothing.
  const TrainConfig shared = Job("objective { esmm {} } compute { cuda { share_devices: true } }");
  const Status of_shared = TraceGpu(shared, LayoutWith(shared, 4), gpu, *files_).status();
  EXPECT_EQ(of_shared.code(), Code::kInvalidArgument);
  EXPECT_NE(of_shared.message().find("share_devices"), std::string::npos) << of_shared.ToString();
}

}  // namespace
}  // namespace chorus::launch
