// Steps whose grains are started as CUDA graphs give the bits of steps that are not, whatever steps
// the graphs were captured from.

#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include "tests/support/cuda_host/emulation.h"
#include "tests/worker/cuda/all_objectives.h"
#include "tests/worker/cuda/device_testing.h"
#include "tests/worker/engine/device/step_world.h"

namespace chorus::worker {
namespace {

using testing::AllObjectives;
using testing::OnRealDevices;
using testing::OpenTestDevice;

constexpr uint32_t kGrainRows = 16;

// Full grains whose contexts pad to few sizes, a short one, and one without exposures.
Case Setup(uint64_t step, uint32_t stage, uint32_t contexts) {
  Case setup = {{{kGrainRows, contexts}, {5, 4}, {0, 0}, {kGrainRows, 14}}};
  setup.step = step;
  setup.stage = stage;
  return setup;
}

// Other contexts, exposures and steps, of the same padded shapes.
class Worlds {
 public:
  Worlds(const std::string& objective, const std::string& config, uint32_t stage)
      : worlds_{StepWorld(objective, config, Setup(3, stage, 9), kGrainRows),
                StepWorld(objective, config, Setup(4, stage, 12), kGrainRows)} {}

  // Each kind of step without graphs.
  std::vector<Sums> Expected() const { return Run(false, {0, 1}); }
  // Steps with graphs, in such an order that each of the two blocks, used in turns, gets another
  // kind of step than that its graphs were captured from.
  void ExpectSameBits(const std::vector<Sums>& expected) const {
    EXPECT_FALSE(SameSums(expected[0], expected[1])) << "the steps are the same";
    const std::vector<int> order = {0, 0, 1, 0, 0, 1};
    cuda_host::ResetCounters();
    const std::vector<Sums> got = Run(true, order);
    for (size_t i = 0; i < order.size(); ++i) {
      EXPECT_TRUE(SameSums(got[i], expected[order[i]])) << "step " << i;
    }
    if (OnRealDevices()) return;
    // Two full grains in all steps but the first one of each block.
    EXPECT_GE(cuda_host::ReadCounters().graphs, 2 * 4u);
  }
  void ExpectSameBits() const { ExpectSameBits(Expected()); }
  uint32_t stages() const { return worlds_[0].objective().shape().stages(); }

 private:
  std::vector<Sums> Run(bool graphs, const std::vector<int>& order) const {
    const std::unique_ptr<Device> device = OpenTestDevice();
    auto step = DeviceStep::Create(worlds_[0].options(), device.get());
    EXPECT_TRUE(step.ok()) << step.status().ToString();
    (*step)->UseGraphs(graphs);
    std::vector<Sums> sums;
    for (const int world : order) sums.push_back(worlds_[world].OnDevice(step->get()));
    return sums;
  }

  const StepWorld worlds_[2];
};

TEST(GraphsTest, EveryMethodGivesTheSameBitsInEveryStage) {
  for (const std::string& name : AllObjectives()) {
    uint32_t stages = 1;
    for (uint32_t stage = 0; stage < stages; ++stage) {
      SCOPED_TRACE(StrCat(name, " stage ", stage));
      const Worlds worlds(name, "", stage);
      stages = worlds.stages();
      worlds.ExpectSameBits();
    }
  }
}

TEST(GraphsTest, EveryShapeOfModelGivesTheSameBits) {
  for (const char* model :
       {"model { tower { hidden: 6 hidden: 4 dropout: 0.4 } }", "model { batch_norm: true }",
        "model { shared_bottom { hidden: 6 hidden: 5 dropout: 0.3 } batch_norm: true }",
        "model { tower { } }", "model { shared_bottom { hidden: 7 } tower { } }"}) {
    SCOPED_TRACE(model);
    Worlds("esmm={}", model, 0).ExpectSameBits();
  }
}

TEST(GraphsTest, AsynchronousStreamsGiveTheSameBits) {
  NEEDS_EMULATION();
  const Worlds worlds("chorus_cvr={}", "", 0);
  const std::vector<Sums> expected = worlds.Expected();
  cuda_host::SetAsynchronous(true);
  worlds.ExpectSameBits(expected);
  cuda_host::SetAsynchronous(false);
}

// A full grain is one start, beside the sums of its rows' gradients.
TEST(GraphsTest, AFullGrainIsOneGraph) {
  NEEDS_EMULATION();
  const StepWorld world("esmm={}", "", {{{kGrainRows, 9}, {kGrainRows, 9}}}, kGrainRows);
  const std::unique_ptr<Device> device = OpenTestDevice();
  auto step = DeviceStep::Create(world.options(), device.get());
  ASSERT_TRUE(step.ok());
  const auto count = [&](bool graphs) {
    (*step)->UseGraphs(graphs);
    for (int i = 0; i < 4; ++i) world.OnDevice(step->get());  // until both blocks have theirs
    cuda_host::ResetCounters();
    world.OnDevice(step->get());
    return cuda_host::ReadCounters();
  };
  const cuda_host::Counters plain = count(false), captured = count(true);
  EXPECT_EQ(captured.graphs, 2u);
  EXPECT_EQ(captured.calls.count("cublasLtMatmul"), 0u);
  EXPECT_EQ(captured.calls.count("cudaStreamBeginCapture"), 0u);
  EXPECT_EQ(captured.launches + captured.graph_nodes,
            plain.launches + plain.calls.at("cublasLtMatmul"));
  EXPECT_EQ(captured.product_flops, plain.product_flops);
  EXPECT_LT(captured.launches * 4, plain.launches);
}

// Some of the graphs of a step are not made: the bits stay.
TEST(GraphsTest, WithoutSomeGraphsTheBitsAreTheSame) {
  NEEDS_EMULATION();
  const StepWorld world("esmm={}", "", {{{kGrainRows, 9}, {kGrainRows, 9}}}, kGrainRows);
  const Sums expected = world.OnDevice();
  for (const char* call : {"cudaStreamBeginCapture", "cudaStreamEndCapture", "cudaGraphInstantiate",
                           "cudaGraphUpload"}) {
    for (uint64_t nth : {1, 2, 4}) {
      SCOPED_TRACE(StrCat(call, " ", nth));
      const std::unique_ptr<Device> device = OpenTestDevice();
      auto step = DeviceStep::Create(world.options(), device.get());
      ASSERT_TRUE(step.ok());
      (*step)->UseGraphs(true);
      cuda_host::FailCall(call, nth, cudaErrorMemoryAllocation);
      for (int i = 0; i < 6; ++i) EXPECT_TRUE(SameSums(world.OnDevice(step->get()), expected)) << i;
      EXPECT_FALSE(cuda_host::ClearFailure());
      EXPECT_NE(device->info().plain_replays.refused.find(call), std::string::npos);
      cuda_host::ResetCounters();
      for (int i = 0; i < 2; ++i) EXPECT_TRUE(SameSums(world.OnDevice(step->get()), expected));
      EXPECT_EQ(cuda_host::ReadCounters().graphs, 3u) << "two grains in two blocks, without one";
    }
  }
}

// As at the end of an epoch, where lanes end before others do.
TEST(GraphsTest, AnEmptyGrainAsksForNoOthers) {
  NEEDS_EMULATION();
  for (const char* name : {"esmm={}", "aman={}", "unbias.sample=true"}) {
    SCOPED_TRACE(name);
    const StepWorld full(name, "", {{{kGrainRows, 9}, {kGrainRows, 9}, {kGrainRows, 9}}},
                         kGrainRows);
    const StepWorld last(name, "", {{{kGrainRows, 9}, {0, 0}, {kGrainRows, 9}}}, kGrainRows);
    const std::unique_ptr<Device> device = OpenTestDevice();
    auto step = DeviceStep::Create(full.options(), device.get());
    ASSERT_TRUE(step.ok());
    (*step)->UseGraphs(true);
    for (int i = 0; i < 4; ++i) full.OnDevice(step->get());
    cuda_host::ResetCounters();
    const Sums got = last.OnDevice(step->get());
    for (int i = 0; i < 4; ++i) last.OnDevice(step->get());
    EXPECT_EQ(cuda_host::ReadCounters().calls.count("cudaGraphInstantiate"), 0u);
    EXPECT_TRUE(SameSums(got, last.OnDevice()));
  }
}

TEST(GraphsTest, ThoseOfAStageEndWithIt) {
  NEEDS_EMULATION();
  Case setup = {{{kGrainRows, 9}, {kGrainRows, 9}}};
  const StepWorld first("unbias={}", "", setup, kGrainRows);
  setup.stage = 1;
  const StepWorld second("unbias={}", "", setup, kGrainRows);
  const std::unique_ptr<Device> device = OpenTestDevice();
  auto step = DeviceStep::Create(first.options(), device.get());
  ASSERT_TRUE(step.ok());
  (*step)->UseGraphs(true);
  cuda_host::ResetCounters();
  for (int i = 0; i < 4; ++i) first.OnDevice(step->get());
  const uint64_t made = cuda_host::ReadCounters().calls.at("cudaGraphInstantiate");
  EXPECT_EQ(cuda_host::ReadCounters().calls.count("cudaGraphExecDestroy"), 0u);
  second.OnDevice(step->get());
  EXPECT_EQ(cuda_host::ReadCounters().calls.at("cudaGraphExecDestroy"), made);
  for (int i = 0; i < 4; ++i) second.OnDevice(step->get());
  EXPECT_EQ(cuda_host::ReadCounters().calls.at("cudaGraphExecDestroy"), made);
  EXPECT_GT(cuda_host::ReadCounters().calls.at("cudaGraphInstantiate"), made);
}

}  // namespace
}  // namespace chorus::worker
