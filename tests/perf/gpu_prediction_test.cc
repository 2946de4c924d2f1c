// What the model of a step's cost (perf/gpu_model) says, by hand: products, traffic, bounds. It
// needs no device.

#include <gtest/gtest.h>

#include "launch/gpu/device_time.h"
#include "launch/gpu/gradient_sum.h"
#include "perf/gpu_model/anchors.h"
#include "perf/gpu_model/job_model.h"
#include "perf/gpu_model/prediction.h"
#include "perf/gpu_model/traffic.h"
#include "tests/perf/modelled_jobs.h"

namespace chorus::perf {

using namespace gpu;
namespace {

// By hand: two towers 9-5 on three slots of dimension 4, without contexts. The backward pass
// multiplies twice as often as the forward pass; logits are no products.
TEST(GpuPredictionTest, ProductsOfAPlainModelAreThoseOfItsLayers) {
  const World world = PlainWorld();
  const Result<DryRun> dry = RunDry(world.config, world.data, world.workers);
  ASSERT_TRUE(dry.ok()) << dry.status().ToString();
  const uint64_t rows = 48, grains = 4, inputs = 3 * 4;
  const uint64_t forward = grains * 2 * rows * (inputs * 18 + 2 * 9 * 5);
  EXPECT_EQ(TotalOf(dry->cost, Phase::kForward).flops, forward);
  EXPECT_EQ(TotalOf(dry->cost, Phase::kBackward).flops, 2 * forward);
  EXPECT_EQ(TotalOf(dry->cost, Phase::kForward).products, grains * 3);
  // Weights of the wide layer, of both second layers, and of both logits, each with biases; rows of
  // 8 floats, matrices of 64.
  const auto matrix = [](uint64_t floats) { return (floats + 63) / 64 * 64; };
  const uint64_t parameters = matrix(inputs * 24) + matrix(24) + 2 * (matrix(9 * 8) + matrix(8)) +
                              2 * (matrix(5) + matrix(1));
  EXPECT_EQ(dry->parameters, static_cast<int64_t>(parameters));
  // One worker's gradient stays on the device; a host that sums gets it and gives it back.
  EXPECT_EQ(TotalOf(dry->cost, Phase::kUpdate).bytes_to_device, 0u);
  TrainConfig host_sums = world.config;
  host_sums.mutable_compute()->mutable_cuda()->set_collective(CudaConfig::HOST);
  const Result<DryRun> by_host = RunDry(host_sums, world.data, 2);
  ASSERT_TRUE(by_host.ok()) << by_host.status().ToString();
  const uint64_t bytes = parameters * sizeof(float);
  EXPECT_EQ(TotalOf(by_host->cost, Phase::kUpdate).bytes_to_device, bytes);
  EXPECT_EQ(TotalOf(by_host->cost).bytes_to_host, TotalOf(dry->cost).bytes_to_host + bytes);
}

// The rows that are pulled go to the device once, those that are pushed come from it once, and both
// cross the network with 8 bytes of key.
TEST(GpuPredictionTest, ServersAreSentKeysAndGradientsAndSendRows) {
  const World world = PlainWorld();
  const Result<DryRun> dry = RunDry(world.config, world.data, world.workers);
  ASSERT_TRUE(dry.ok()) << dry.status().ToString();
  for (const uint32_t servers : {1u, 3u}) {
    const Result<ServerTraffic> traffic = TrafficOf(world.config, world.data, *dry, 1, servers);
    ASSERT_TRUE(traffic.ok()) << traffic.status().ToString();
    const uint64_t keys = ShapeOf(world.data).unique_keys;
    EXPECT_EQ(traffic->rows_pulled, keys);
    EXPECT_EQ(traffic->rows_pushed, keys);  // one node has all grains
    EXPECT_EQ(traffic->floats_pushed, keys * 4);
    EXPECT_EQ(traffic->frames, 2 * servers);
    EXPECT_GT(traffic->bytes_sent, keys * (8 + 16));
    EXPECT_LT(traffic->bytes_sent, keys * (8 + 16) + 64 * 4 + servers * 512);
    EXPECT_GT(traffic->bytes_received, keys * 16);
    EXPECT_LT(traffic->bytes_received, keys * 16 + servers * 256);
  }
}

// A thread a column would go through all rows, one after the other; sections of rows do not.
TEST(GpuPredictionTest, ALongLoopOfFewThreadsIsNotFree) {
  const Gpu& gpu = *FindGpu("A100-80");
  constexpr int64_t kRows = 8192, kColumns = 360;
  Cost serial = call_cost::Fill({1, kColumns});
  const double start = SecondsOf(serial, gpu, ComputeConfig::FP32);
  serial.passes = 3 * kRows;
  EXPECT_GT(SecondsOf(serial, gpu, ComputeConfig::FP32), 100 * start);
  for (const Cost& cost : {call_cost::ColumnMoments({kRows, kColumns}),
                           call_cost::NormalizeBackward({kRows, kColumns}, true)}) {
    EXPECT_LT(SecondsOf(cost, gpu, ComputeConfig::FP32), 20 * start);
  }
}

TEST(GpuPredictionTest, SumsOverWorkersMoveNothingForOneAndTwiceTheVectorForMany) {
  EXPECT_EQ(RingSumBytes(1000, 1), 0u);
  EXPECT_EQ(CanonicalSumBytes(1000, 1, 1), 0u);
  EXPECT_EQ(RingSumBytes(1000, 4), 6000u);
  EXPECT_EQ(CanonicalSumBytes(1000, 1, 4), 6000u);
  EXPECT_EQ(CanonicalSumBytes(1000, 2, 4), 9000u);
}

double BusyOf(const Prediction& prediction, const std::string& name) {
  for (const Resource& resource : prediction.resources) {
    if (resource.name == name) return resource.seconds;
  }
  ADD_FAILURE() << name;
  return 0;
}

// A step of one worker of PlainWorld, with one server for eight workers.
void MakePlainWork(StepWork* work) {
  const World world = PlainWorld();
  const Result<DryRun> dry = RunDry(world.config, world.data, world.workers);
  ASSERT_TRUE(dry.ok()) << dry.status().ToString();
  const Result<ServerTraffic> traffic = TrafficOf(world.config, world.data, *dry, 8, 1);
  ASSERT_TRUE(traffic.ok()) << traffic.status().ToString();
  work->device = dry->cost;
  work->traffic = *traffic;
  work->parameters = static_cast<uint64_t>(dry->parameters);
}

TEST(GpuPredictionTest, TheBusiestResourceBoundsAStep) {
  StepWork work;
  ASSERT_NO_FATAL_FAILURE(MakePlainWork(&work));
  const Gpu* const gpu = FindGpu("T4");
  ASSERT_NE(gpu, nullptr);
  const Prediction one = Predict(work, {gpu, 8, 1});
  const Prediction two = Predict(work, {gpu, 8, 2});
  EXPECT_DOUBLE_EQ(BusyOf(two, "server network"), BusyOf(one, "server network") / 2);
  EXPECT_DOUBLE_EQ(BusyOf(two, "server cpu"), BusyOf(one, "server cpu") / 2);
  EXPECT_EQ(BusyOf(Predict(work, {gpu, 1, 1}), "gradient sum"), 0.0);
  EXPECT_EQ(one.overlapped, BusyOf(one, one.bound));
  EXPECT_GT(one.in_turn, one.overlapped);
  // Small kernels cost their starts.
  const Cost all = TotalOf(work.device);
  EXPECT_GE(BusyOf(one, "device"),
            static_cast<double>(all.launches + all.products) * gpu->start_us * 1e-6);
  // Inside a graph they cost less.
  StepWork with_graphs = work;
  for (CallCost& call : with_graphs.device) {
    if (call.cost.bus_bytes() == 0) call.cost.BecomeNodes();
  }
  EXPECT_LT(BusyOf(Predict(with_graphs, {gpu, 8, 1}), "device"), BusyOf(one, "device"));
  work.read_seconds = 10;
  EXPECT_STREQ(Predict(work, {gpu, 8, 1}).bound, "read");
}

TEST(GpuPredictionTest, RowsThatAreCachedOrHalvedDoNotTravel) {
  StepWork work;
  ASSERT_NO_FATAL_FAILURE(MakePlainWork(&work));
  const Cluster cluster = {FindGpu("T4"), 8, 1};
  const auto bus = [&](const WhatIf& what_if) {
    return BusyOf(Predict(work, cluster, what_if), "bus to device");
  };
  const double rows = 4.0 * static_cast<double>(work.traffic.floats_pulled) /
                      (cluster.gpu->bus_gb_s * 1e9 * assumed::kBusShare);
  EXPECT_NEAR(bus({}) - bus({true, 0}), rows / 2, 1e-12);
  EXPECT_NEAR(bus({}) - bus({false, 0.75}), rows * 0.75, 1e-12);
  EXPECT_LT(BusyOf(Predict(work, cluster, {false, 0.75}), "server cpu"),
            BusyOf(Predict(work, cluster), "server cpu") / 2);
}

TEST(GpuPredictionTest, AJobIsModelledFromFullStepsOnly) {
  const Job job = ModelledJobs().front();
  const TrainConfig config = MakeWorld(job).config;
  JobModelOptions options;
  options.gpus = 8;
  const auto model = [&](uint64_t rows) {
    RandomLogShape log = job.log;
    log.rows = rows;
    const std::unique_ptr<FileSystem> files = NewMemoryFiles();
    EXPECT_TRUE(WriteRandomLog(log, *files, "log").ok());
    return ModelJob(config, *files, options);
  };
  const uint64_t full = RandomLogRows(config, options);
  const auto filled = model(full);
  ASSERT_TRUE(filled.ok()) << filled.status().ToString();
  EXPECT_EQ(filled->work.exposures, 4u * 48);
  for (const uint64_t rows : {uint64_t{100}, full / 8, full / 2}) {
    const Status status = model(rows).status();
    EXPECT_EQ(status.code(), Code::kInvalidArgument);
    EXPECT_NE(status.message().find(" exposures of grains 0 to "), std::string::npos)
        << status.ToString();
    EXPECT_NE(status.message().find("fewer steps, fewer GPUs"), std::string::npos)
        << status.ToString();
  }
}

TEST(GpuPredictionTest, PublishedShapesAreJobs) {
  for (const Anchor& anchor : Anchors()) {
    const Result<TrainConfig> config = ConfigOf(anchor, {"compute.precision=TF32"});
    ASSERT_TRUE(config.ok()) << anchor.name << ": " << config.status().ToString();
    EXPECT_EQ(config->compute().precision(), ComputeConfig::TF32);
    EXPECT_NE(FindGpu(anchor.gpu), nullptr);
    EXPECT_EQ(LogShapeOf(anchor).slots.size(), 26u);
  }
}

}  // namespace
}  // namespace chorus::perf
