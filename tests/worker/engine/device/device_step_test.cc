// Whole steps on the device against the CPU's model, objective and sums, for every method and odd
// shapes.

#include "worker/engine/device/device_step.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/support/cuda_host/emulation.h"
#include "tests/worker/cuda/all_objectives.h"
#include "tests/worker/cuda/device_testing.h"
#include "tests/worker/engine/device/step_world.h"

namespace chorus::worker {
namespace {

using testing::AllObjectives;
using testing::MakesGraphs;
using testing::OpenTestDevice;

const Case kOddShapes = {{{0, 0}, {1, 1}, {31, 1}, {33, 20}}};

TEST(DeviceStepTest, EveryMethodMatchesTheCpuInEveryStage) {
  for (const std::string& name : AllObjectives()) {
    uint32_t stages = 1;
    for (Case setup = kOddShapes; setup.stage < stages; ++setup.stage) {
      SCOPED_TRACE(StrCat(name, " stage ", setup.stage));
      const StepWorld world(name, "", setup, 48);
      stages = world.objective().shape().stages();
      ExpectCloseSums(world.OnDevice(), world.OnCpu());
    }
  }
}

TEST(DeviceStepTest, OneAndHundredsOfContextsMatchTheCpu) {
  for (const Shape shape : {Shape{512, 1}, Shape{512, 300}, Shape{511, 511}}) {
    SCOPED_TRACE(shape.contexts);
    const StepWorld world("chorus_cvr={}", "model { tower { hidden: 33 hidden: 17 } }", {{shape}},
                          512);
    ExpectCloseSums(world.OnDevice(), world.OnCpu());
  }
}

TEST(DeviceStepTest, BottomsDropoutAndLogitsOnInputsMatchTheCpu) {
  for (const char* model :
       {"model { shared_bottom { hidden: 7 } }", "model { shared_bottom { hidden: 6 hidden: 5 } }",
        "model { tower { } }", "model { tower { hidden: 5 hidden: 4 dropout: 0.4 } }"}) {
    SCOPED_TRACE(model);
    const StepWorld world("esmm={}", model, kOddShapes, 48);
    ExpectCloseSums(world.OnDevice(), world.OnCpu());
  }
}

// Slots of one dimension, which interactions need.
TEST(DeviceStepTest, EncodersMatchTheCpu) {
  for (const char* model :
       {"encoder { name: 'mix' mmoe { experts: 3 hidden: 6 hidden: 4 } } tower { hidden: 5 }",
        "encoder { name: 'mix' ple { levels: 2 shared_experts: 1 experts: 2 hidden: 4 } } "
        "tower { hidden: 5 }",
        "encoder { name: 'cross' cross { layers: 2 rank: 3 } } encoder { name: 'deep' "
        "mlp { hidden: 6 } } tower { hidden: 4 input: 'cross' input: 'deep' }",
        "encoder { name: 'fm' bi_interaction { } } "
        "tower { hidden: 5 input: 'inputs' wide: 'inputs' wide: 'fm' }",
        "encoder { name: 'deep' mlp { hidden: 6 hidden: 4 activation: PRELU layer_norm: true "
        "dropout: 0.3 } } tower { hidden: 5 }",
        "encoder { name: 'deep' mlp { hidden: 6 hidden: 6 activation: GELU residual: true } } "
        "tower { hidden: 5 }",
        "encoder { name: 'deep' mlp { hidden: 6 activation: DICE dropout: 0.3 } } "
        "tower { hidden: 5 }",
        "encoder { name: 'gate' slot_gate { reduction: 2 } } tower { hidden: 5 }",
        "encoder { name: 'gate' slot_gate { reduction: 3 gate: SIGMOID } } tower { hidden: 5 }",
        "encoder { name: 'dots' slot_dots { } } "
        "tower { hidden: 5 dropout: 0.3 input: 'inputs' input: 'dots' }"}) {
    SCOPED_TRACE(model);
    const StepWorld world("chorus_cvr={}", StrCat("slot { name: 'history' } model { ", model, " }"),
                          kOddShapes, 48);
    ExpectCloseSums(world.OnDevice(), world.OnCpu());
  }
}

TEST(DeviceStepTest, TablesOfTowersTransfersAndFrozenPartsMatchTheCpu) {
  for (const char* job :
       {"table { name: 'ctr' dim: 2 } slot { name: 'item' } slot { name: 'history' } "
        "slot { name: 'item-ctr' column: 'item' table: 'ctr' tower: 'ctr' } "
        "slot { name: 'user-both' column: 'user' table: 'ctr' tower: 'ctr' tower: 'cvr' "
        "no_gradient: 'cvr' } model { tower { hidden: 5 } }",
        "slot { name: 'history' pooling: MEAN } slot { name: 'listed' column: 'history' "
        "pooling: SEQUENCE max_length: 3 } model { encoder { name: 'a' target_attention { "
        "sequence: 'listed' query: 'item' hidden: 4 } } "
        "tower { hidden: 6 input: 'inputs' input: 'a' } }",
        "model { tower { hidden: 6 hidden: 4 } transfer { from: 'ctr' to: 'cvr' layer: 2 } "
        "transfer { from: 'cvr' from: 'ctr' to: 'uncvr' layer: 2 } }",
        "table { name: 'frozen' dim: 2 trainable: false } slot { name: 'item' table: 'frozen' } "
        "model { tower { hidden: 6 } tower { head: 'ctr' hidden: 5 trainable: false } }"}) {
    SCOPED_TRACE(job);
    const StepWorld world("chorus_cvr={}", job, kOddShapes, 48);
    ExpectCloseSums(world.OnDevice(), world.OnCpu());
  }
}

TEST(DeviceStepTest, SequencesMatchTheCpu) {
  for (const char* job :
       {"slot { name: 'history' pooling: SEQUENCE max_length: 3 } model { encoder { name: 'a' "
        "self_attention { sequence: 'history' heads: 2 head_dim: 3 layers: 2 } } "
        "encoder { name: 'b' sequence_pooling { sequence: 'history' pooling: LAST } } "
        "tower { hidden: 6 input: 'inputs' input: 'a' input: 'b' } }",
        "slot { name: 'history' pooling: SEQUENCE max_length: 3 } model { encoder { name: 'a' "
        "target_attention { sequence: 'history' query: 'item' hidden: 5 } } "
        "tower { hidden: 6 input: 'inputs' input: 'a' } }",
        "slot { name: 'tags' pooling: SEQUENCE max_length: 2 } model { encoder { name: 'a' "
        "target_attention { sequence: 'tags' query: 'user' hidden: 4 } } "
        "tower { hidden: 6 input: 'inputs' input: 'a' } }"}) {
    SCOPED_TRACE(job);
    const StepWorld world("esmm={}", job, kOddShapes, 48);
    ExpectCloseSums(world.OnDevice(), world.OnCpu());
  }
}

TEST(DeviceStepTest, NodesInsideTheTreeMatchTheCpu) {
  Case setup = {{{5, 2}, {9, 3}, {7, 7}, {8, 1}, {3, 3}}};
  setup.first_grain = 3;  // nodes 3; 4-7
  const StepWorld world("chorus_cvr={}", "", setup, 16);
  ASSERT_EQ(MaximalNodes(world.range()).size(), 2u);
  ExpectCloseSums(world.OnDevice(), world.OnCpu());
}

TEST(DeviceStepTest, TheSameStepGivesTheSameBitsAlsoOnAUsedDevice) {
  const StepWorld world("dcmt.snips=true", "", kOddShapes, 48);
  const StepWorld other("dcmt.snips=true", "", {{{48, 48}, {2, 1}, {0, 0}, {17, 3}}}, 48);
  const std::unique_ptr<Device> device = OpenTestDevice();
  auto step = DeviceStep::Create(world.options(), device.get());
  ASSERT_TRUE(step.ok()) << step.status().ToString();
  const Sums first = world.OnDevice(step->get());
  other.OnDevice(step->get());
  EXPECT_TRUE(SameSums(world.OnDevice(step->get()), first));
  EXPECT_TRUE(SameSums(world.OnDevice(), first));
}

TEST(DeviceStepTest, AsynchronousStreamsGiveTheSameBits) {
  NEEDS_EMULATION();
  const StepWorld world("chorus_cvr={}", "", kOddShapes, 48);
  const Sums expected = world.OnDevice();
  cuda_host::SetAsynchronous(true);
  EXPECT_TRUE(SameSums(world.OnDevice(), expected));
  cuda_host::SetAsynchronous(false);
}

TEST(DeviceStepTest, NonFiniteLogitsAreNamedByGrainAndHead) {
  Case setup = {{{4, 2}, {4, 2}}};
  setup.first_grain = 2;
  StepWorld world("esmm={}", "", setup, 16);
  world.batch().grains[1].exposures.numerics[0][3] = INFINITY;
  const std::unique_ptr<Device> device = OpenTestDevice();
  auto step = DeviceStep::Create(world.options(), device.get());
  ASSERT_TRUE(step.ok());
  ASSERT_TRUE((*step)->weights().Set(world.parameters()).ok());
  ASSERT_TRUE((*step)->Load(world.batch(), world.rows(), true).ok());
  ASSERT_TRUE((*step)->Train(std::vector<double>(2, 1.0)).ok());
  const Status status = (*step)->Finish();
  EXPECT_EQ(status.code(), Code::kFailedPrecondition);
  EXPECT_NE(status.message().find("grain 3: the logit of head \"c"), std::string::npos)
      << status.message();
}

TEST(DeviceStepTest, AStepThatIsTooLargeSaysWhatItNeeds) {
  const StepWorld world("esmm={}", "", {{{512, 512}}}, 512);
  DeviceStepOptions options = world.options();
  options.step_bytes = 4096;
  const std::unique_ptr<Device> device = OpenTestDevice();
  auto step = DeviceStep::Create(options, device.get());
  ASSERT_TRUE(step.ok());
  const Status status = (*step)->Load(world.batch(), world.rows(), true);
  EXPECT_EQ(status.code(), Code::kResourceExhausted);
  EXPECT_NE(status.message().find("compute.cuda.step_memory_mb"), std::string::npos)
      << status.message();
}

// Steps on a device of its own. calls: those before the device goes.
Status RunSteps(const StepWorld& world, int steps, std::map<std::string, uint64_t>* calls) {
  DeviceOptions options;
  options.rank = 7;
  ASSIGN_OR_RETURN(const std::unique_ptr<Device> device, cuda::OpenCudaDevice(options));
  ASSIGN_OR_RETURN(const std::unique_ptr<DeviceStep> step,
                   DeviceStep::Create(world.options(), device.get()));
  step->UseGraphs(steps > 1);
  RETURN_IF_ERROR(step->weights().Set(world.parameters()));
  for (int i = 0; i < steps; ++i) {
    RETURN_IF_ERROR(step->Load(world.batch(), world.rows(), true));
    RETURN_IF_ERROR(step->Train(std::vector<double>(2, 1.0)));
    RETURN_IF_ERROR(step->Finish());
  }
  *calls = cuda_host::ReadCounters().calls;
  return Status::Ok();
}

// What sums take beside their arguments grows with a grain, as the rest does.
TEST(DeviceStepTest, AGrainThatIsTooLargeForTheDeviceIsAnErrorAtTheStart) {
  NEEDS_EMULATION();
  const std::unique_ptr<Device> device = OpenTestDevice();
  const Status status = device->Reserve({1 << 20, 1 << 20, 0, 0});
  EXPECT_EQ(status.code(), Code::kResourceExhausted) << status.ToString();
  const StepWorld world("esmm={}", "model { tower { hidden: 2000 } }", {{{9, 3}}}, 1 << 20);
  const auto step = DeviceStep::Create(world.options(), device.get());
  EXPECT_EQ(step.status().code(), Code::kResourceExhausted) << step.status().ToString();
}

void ExpectNamedFailures(const StepWorld& world, int steps) {
  std::map<std::string, uint64_t> calls, unused;
  cuda_host::ResetCounters();
  const Status clean = RunSteps(world, steps, &calls);
  ASSERT_TRUE(clean.ok()) << clean.ToString();
  const cuda_host::LiveObjects none;
  ASSERT_EQ(cuda_host::ReadLiveObjects(), none);
  for (const auto& [name, count] : calls) {
    // A destructor has nobody to tell, and what it could not free is lost with the process.
    if (name.find("Destroy") != std::string::npos) continue;
    for (const uint64_t nth : {uint64_t{1}, (count + 1) / 2, count}) {
      SCOPED_TRACE(StrCat(name, " call ", nth, " of ", count));
      cuda_host::FailCall(name, nth, 7);
      const Status status = RunSteps(world, steps, &unused);
      EXPECT_FALSE(cuda_host::ClearFailure());
      EXPECT_EQ(cuda_host::ReadLiveObjects(), none);
      // Memory that is not page-locked serves as well, as do kernels that are started one by one;
      // versions are for messages.
      const bool harmless = name == "cudaHostAlloc" || MakesGraphs(name) ||
                            name.find("GetVersion") != std::string::npos;
      EXPECT_EQ(status.ok(), harmless) << status.ToString();
      if (harmless || name == "cudaGetDeviceCount") continue;
      // Kernels are named by the function that starts them.
      const std::string called = name == "cudaLaunchKernelExC" ? "cuda" : name;
      EXPECT_NE(status.message().find(called), std::string::npos) << status.ToString();
      EXPECT_NE(status.message().find("worker/cuda/"), std::string::npos) << status.ToString();
    }
  }
}

TEST(DeviceStepTest, EveryFailedCallIsAnErrorThatNamesItAndNothingLeaks) {
  NEEDS_EMULATION();
  ExpectNamedFailures(StepWorld("esmm={}", "", {{{9, 3}, {5, 5}}}, 16), 1);
}

// Calls that fail before, during and after captures, and those that graphs are made with.
TEST(DeviceStepTest, EveryFailedCallOfStepsWithGraphsIsNamedAndNothingLeaks) {
  NEEDS_EMULATION();
  const StepWorld world("esmm={}", "", {{{16, 3}}}, 16);
  std::map<std::string, uint64_t> calls;
  cuda_host::ResetCounters();
  ASSERT_TRUE(RunSteps(world, 5, &calls).ok());
  EXPECT_EQ(calls["cudaStreamBeginCapture"], 2u);
  EXPECT_EQ(calls["cudaStreamEndCapture"], 2u);
  EXPECT_EQ(calls["cudaGraphInstantiate"], 2u);
  EXPECT_EQ(calls["cudaGraphLaunch"], 3u);
  ExpectNamedFailures(world, 5);
}

}  // namespace
}  // namespace chorus::worker
