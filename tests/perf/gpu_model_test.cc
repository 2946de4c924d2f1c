// The model of a step's cost (perf/gpu_model) against what the emulated CUDA counts: every call of
// the device by itself, whole steps, and the dry run that needs no device.

#include <gtest/gtest.h>

#include "common/strings.h"
#include "tests/perf/modelled_jobs.h"
#include "tests/support/cuda_host/emulation.h"
#include "tests/worker/cuda/device_testing.h"

namespace chorus::perf {

using namespace gpu;
namespace {

using cuda_host::Counters;

Cost CountedSince(const Counters& before) {
  const Counters now = cuda_host::ReadCounters();
  const auto calls = [&](const char* name) {
    const auto in = [&](const Counters& counters) {
      const auto found = counters.calls.find(name);
      return found == counters.calls.end() ? 0 : found->second;
    };
    return in(now)-in(before);
  };
  Cost cost;
  cost.launches = now.launches - before.launches;
  cost.products = calls("cublasLtMatmul");
  cost.copies = calls("cudaMemcpyAsync");
  cost.fills = calls("cudaMemsetAsync");
  cost.graphs = now.graphs - before.graphs;
  cost.nodes = now.graph_nodes - before.graph_nodes;
  cost.waits = calls("cudaStreamQuery");  // streams do their work at once: one look a wait
  cost.bytes_to_device = now.bytes_to_device - before.bytes_to_device;
  cost.bytes_to_host = now.bytes_to_host - before.bytes_to_host;
  cost.flops = now.product_flops - before.product_flops;
  return cost;
}

// What the emulation does not count left out.
Cost Countable(Cost cost) {
  cost.memory_bytes = cost.pieces = cost.passes = 0;
  return cost;
}

void ExpectSameCost(const Cost& got, const Cost& expected, const std::string& what) {
  EXPECT_EQ(got.launches, expected.launches) << what;
  EXPECT_EQ(got.products, expected.products) << what;
  EXPECT_EQ(got.copies, expected.copies) << what;
  EXPECT_EQ(got.fills, expected.fills) << what;
  EXPECT_EQ(got.graphs, expected.graphs) << what;
  EXPECT_EQ(got.nodes, expected.nodes) << what;
  EXPECT_EQ(got.waits, expected.waits) << what;
  EXPECT_EQ(got.bytes_to_device, expected.bytes_to_device) << what;
  EXPECT_EQ(got.bytes_to_host, expected.bytes_to_host) << what;
  EXPECT_EQ(got.flops, expected.flops) << what;
}

// A step of a job on a device that notes what its calls should cost.
class CountedRun {
 public:
  explicit CountedRun(const World& world)
      : data_(world.data),
        emulated_(OpenDeviceFor(world.config)),
        device_(emulated_.get(), world.config.compute().precision()) {
    Result<std::unique_ptr<StepRun>> run = StepRun::Create(world.config, world.data, &device_);
    EXPECT_TRUE(run.ok()) << run.status().ToString();
    run_ = std::move(run).value();
    const bool on_host = world.config.compute().cuda().collective() == CudaConfig::HOST;
    if (!on_host) run_->KeepGradients(world.workers > 1);
  }
  CountingDevice& device() { return device_; }
  Status Step() { return run_->Run(*data_.steps.back(), ZeroRows(data_.model.dims)); }

 private:
  static std::unique_ptr<worker::Device> OpenDeviceFor(const TrainConfig& config) {
    return worker::testing::OpenTestDevice(config.compute().precision() == ComputeConfig::BF16
                                               ? worker::DevicePrecision::kBf16
                                               : worker::DevicePrecision::kFp32);
  }

  const StepData& data_;  // the world's
  const std::unique_ptr<worker::Device> emulated_;
  CountingDevice device_;
  std::unique_ptr<StepRun> run_;
};

TEST(GpuModelTest, EveryCallCostsWhatTheEmulationCounts) {
  NEEDS_EMULATION();
  for (const Job& job : ModelledJobs()) {
    SCOPED_TRACE(job.name);
    const World world = MakeWorld(job);
    CountedRun run(world);
    Counters before;
    run.device().before_call = [&](const CallCost&) { before = cuda_host::ReadCounters(); };
    run.device().after_call = [&](const CallCost& call) {
      ExpectSameCost(Countable(call.cost), CountedSince(before),
                     StrCat(NameOf(call.phase), ": ", call.name));
    };
    const Status status = run.Step();
    ASSERT_TRUE(status.ok()) << status.ToString();
  }
}

TEST(GpuModelTest, AStepsCallsAreAllThatItCosts) {
  NEEDS_EMULATION();
  for (const Job& job : ModelledJobs()) {
    SCOPED_TRACE(job.name);
    const World world = MakeWorld(job);
    CountedRun run(world);
    const Counters before = cuda_host::ReadCounters();
    ASSERT_TRUE(run.Step().ok());
    const Cost total = TotalOf(run.device().calls());
    ExpectSameCost(Countable(total), CountedSince(before), "step");
    Cost phases;
    for (int p = 0; p < kPhases; ++p)
      phases += TotalOf(run.device().calls(), static_cast<Phase>(p));
    EXPECT_EQ(phases, total);
    EXPECT_GT(TotalOf(run.device().calls(), Phase::kBackward).launches, 0u);
  }
}

TEST(GpuModelTest, ADryRunCostsWhatARealOneDoes) {
  for (const Job& job : ModelledJobs()) {
    SCOPED_TRACE(job.name);
    const World world = MakeWorld(job);
    CountedRun run(world);
    ASSERT_TRUE(run.Step().ok());
    const Result<DryRun> dry = RunDry(world.config, world.data, world.workers);
    ASSERT_TRUE(dry.ok()) << dry.status().ToString();
    ASSERT_EQ(dry->cost.size(), run.device().calls().size());
    for (size_t i = 0; i < dry->cost.size(); ++i) {
      EXPECT_STREQ(dry->cost[i].name, run.device().calls()[i].name) << i;
      EXPECT_EQ(dry->cost[i].phase, run.device().calls()[i].phase) << i;
      EXPECT_EQ(dry->cost[i].cost, run.device().calls()[i].cost) << i << dry->cost[i].name;
    }
  }
}

// What repeats is started as one: the same work as nodes, and fewer starts.
TEST(GpuModelTest, AStepWithGraphsCostsWhatTheEmulationCountsAndADryRunSays) {
  NEEDS_EMULATION();
  for (Job job : ModelledJobs()) {
    SCOPED_TRACE(job.name);
    job.log.rows = 6000;  // most lanes have full grains
    World world = MakeWorld(job);
    const Result<DryRun> plain = RunDry(world.config, world.data, world.workers);
    ASSERT_TRUE(plain.ok()) << plain.status().ToString();
    world.config.mutable_compute()->mutable_cuda()->set_graphs(true);
    CountedRun run(world);
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(run.Step().ok());
    run.device().Clear();
    const Counters before = cuda_host::ReadCounters();
    ASSERT_TRUE(run.Step().ok());
    const Cost total = TotalOf(run.device().calls()), expected = TotalOf(plain->cost);
    ExpectSameCost(Countable(total), CountedSince(before), "step");
    EXPECT_EQ(total.launches + total.products + total.fills + total.nodes,
              expected.launches + expected.products + expected.fills);
    EXPECT_EQ(total.memory_bytes, expected.memory_bytes);
    EXPECT_EQ(total.flops, expected.flops);
    EXPECT_GE(total.graphs, std::min(job.grains.size(), 2u));
    EXPECT_LT(total.launches + total.products + total.graphs,
              expected.launches + expected.products);
    const Result<DryRun> dry = RunDry(world.config, world.data, world.workers);
    ASSERT_TRUE(dry.ok()) << dry.status().ToString();
    EXPECT_EQ(TotalOf(dry->cost), total);
  }
}

}  // namespace
}  // namespace chorus::perf
