// The model of a step's cost (perf/gpu_model) against what the emulated CUDA counts: every call of
// the device by itself, whole steps, and the dry run that needs no device.

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "common/config.h"
#include "common/strings.h"
#include "perf/gpu_model/anchors.h"
#include "perf/gpu_model/prediction.h"
#include "perf/gpu_model/step_run.h"
#include "perf/gpu_model/traffic.h"
#include "perf/support/random_log.h"
#include "tests/cuda/device_testing.h"
#include "tests/support/cuda_host/emulation.h"
#include "worker/ps_client.h"

namespace chorus::perf {
namespace {

using cuda_host::Counters;

struct Job {
  std::string name;
  std::string config;  // in text format
  RandomLogShape log;
  GrainRange grains = {0, 4};
  uint32_t stage = 0;
  // Of the step; dense gradients stay on the device unless the host sums them.
  uint32_t workers = 1;
};

RandomLogShape PlainLog() {
  RandomLogShape log;
  log.rows = 600;
  log.exposure_slots = 3;
  log.ids_per_slot = 50;
  log.ctr = 0.3;
  return log;
}

RandomLogShape RichLog() {
  RandomLogShape log = PlainLog();
  log.slots = {{40, 1, true, false},  {5, 9, true, true},  {300, 3, true, false},
               {60, 1, false, false}, {7, 2, false, true}, {1000, 1, false, false}};
  log.rows_per_context = 7;
  log.numerics = 2;
  log.context_numerics = 1;
  log.weights = true;
  return log;
}

std::vector<Job> Jobs() {
  std::vector<Job> jobs;
  const auto add = [&](const std::string& name, const std::string& config,
                       const RandomLogShape& log) -> Job& {
    return jobs.emplace_back(Job{name, config, log});
  };
  add("plain", "objective { esmm {} }", PlainLog());
  add("one grain", "objective { esmm {} } step { grains_per_step: 1 }", PlainLog()).grains = {0, 1};
  add("summed by the host", "objective { esmm {} } compute { cuda { collective: HOST } }",
      PlainLog())
      .workers = 2;
  add("summed in parts", "objective { base {} } model { shared_bottom { hidden: 6 } }", RichLog())
      .workers = 2;
  add("contexts", "objective { chorus_cvr {} }", RichLog());
  add("two tables", R"(objective { base {} } table { name: "a" dim: 5 } table { name: "b" dim: 3 }
      slot { name: "s1" table: "b" pooling: WEIGHTED_MEAN } slot { name: "s2" pooling: MEAN }
      slot { name: "s4" table: "b" } slot { name: "s0" ignore: true }
      slot { name: "n1" numeric: true })",
      RichLog());
  add("nodes", "objective { chorus_cvr {} } step { grains_per_step: 8 }", RichLog());
  jobs.back().grains = {1, 6};
  jobs.back().workers = 2;
  add("batch norm", "objective { two_task {} } model { batch_norm: true clip_norm: 1 }", RichLog());
  add("bottom",
      "objective { esmm {} } model { shared_bottom { hidden: 6 hidden: 5 dropout: 0.3 } "
      "batch_norm: true }",
      RichLog());
  add("dropout", "objective { escm2_dr {} } model { tower { hidden: [6, 5] dropout: 0.5 } }",
      RichLog());
  add("inputs", "objective { esmm {} } model { tower {} }", RichLog());
  add("bottom only", "objective { esmm {} } model { tower {} shared_bottom { hidden: 6 } }",
      PlainLog());
  add("transfer", "objective { ddpo {} } model { optimizer { sgd {} } }", RichLog());
  add("partials", "objective { dcmt { snips: true } } model { optimizer { adagrad {} } }",
      RichLog());
  add("16-bit products", "objective { chorus_cvr {} } compute { cuda { precision: BF16 } }",
      RichLog());
  add("draws", "objective { oversampling {} }", RichLog());
  for (const uint32_t stage : {0u, 1u}) {
    add(StrCat("ukd stage ", stage), "objective { ukd {} }", RichLog()).stage = stage;
    add(StrCat("unbias stage ", stage), "objective { unbias { sample: true } }", RichLog()).stage =
        stage;
  }
  return jobs;
}

struct World {
  TrainConfig config;
  StepData data;
  uint32_t workers = 1;
};

// The job's configuration over small sizes.
TrainConfig ConfigOf(const std::string& text) {
  TrainConfig config, more;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &more)) << text;
  config.mutable_data()->add_log("log");
  config.mutable_step()->set_grain_rows(48);
  config.mutable_step()->set_grains_per_step(4);
  config.mutable_compute()->mutable_cuda()->set_step_memory_mb(4);
  if (more.table_size() == 0) config.add_table()->set_dim(4);
  if (more.model().tower_size() == 0) {
    TowerConfig* const tower = config.mutable_model()->add_tower();
    tower->add_hidden(9);
    tower->add_hidden(5);
  }
  config.MergeFrom(more);
  const Status status = FinishTrainConfig("gpu_model_test", &config);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return config;
}

World MakeWorld(const Job& job) {
  World world;
  world.workers = job.workers;
  world.config = ConfigOf(job.config);
  const std::unique_ptr<FileSystem> files = NewMemoryFiles();
  const Status written = WriteRandomLog(job.log, *files, "log");
  EXPECT_TRUE(written.ok()) << written.ToString();
  Result<StepData> data = ReadStepData(world.config, *files, job.grains, 2, job.stage);
  EXPECT_TRUE(data.ok()) << data.status().ToString();
  world.data = std::move(data).value();
  return world;
}

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
  cost.waits = calls("cudaStreamSynchronize") + calls("cudaEventSynchronize");
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

bool SumsOnHost(const TrainConfig& config) {
  return config.compute().cuda().collective() == CudaConfig::HOST;
}

std::unique_ptr<worker::Device> OpenDeviceFor(const TrainConfig& config) {
  return worker::OpenTestDevice(config.compute().cuda().precision() == CudaConfig::BF16
                                    ? worker::DevicePrecision::kBf16
                                    : worker::DevicePrecision::kFp32);
}

Status RunStep(StepRun* run, const StepData& data) {
  return run->Run(*data.steps.back(), ZeroRows(data.dims));
}

TEST(GpuModelTest, EveryCallCostsWhatTheEmulationCounts) {
  NEEDS_EMULATION();
  for (const Job& job : Jobs()) {
    SCOPED_TRACE(job.name);
    const World world = MakeWorld(job);
    const std::unique_ptr<worker::Device> emulated = OpenDeviceFor(world.config);
    CountingDevice device(emulated.get(), world.config.compute().cuda().precision());
    auto run = StepRun::Create(world.config, world.data, &device);
    ASSERT_TRUE(run.ok()) << run.status().ToString();
    if (!SumsOnHost(world.config)) (*run)->KeepGradients(world.workers > 1);
    Counters before;
    device.before_call = [&](const CallCost&) { before = cuda_host::ReadCounters(); };
    device.after_call = [&](const CallCost& call) {
      ExpectSameCost(Countable(call.cost), CountedSince(before),
                     StrCat(NameOf(call.phase), ": ", call.name));
    };
    const Status status = RunStep(run->get(), world.data);
    ASSERT_TRUE(status.ok()) << status.ToString();
  }
}

TEST(GpuModelTest, AStepsCallsAreAllThatItCosts) {
  NEEDS_EMULATION();
  for (const Job& job : Jobs()) {
    SCOPED_TRACE(job.name);
    const World world = MakeWorld(job);
    const std::unique_ptr<worker::Device> emulated = OpenDeviceFor(world.config);
    CountingDevice device(emulated.get(), world.config.compute().cuda().precision());
    auto run = StepRun::Create(world.config, world.data, &device);
    ASSERT_TRUE(run.ok()) << run.status().ToString();
    if (!SumsOnHost(world.config)) (*run)->KeepGradients(world.workers > 1);
    const Counters before = cuda_host::ReadCounters();
    ASSERT_TRUE(RunStep(run->get(), world.data).ok());
    const Cost total = TotalOf(device.calls());
    ExpectSameCost(Countable(total), CountedSince(before), "step");
    Cost phases;
    for (int p = 0; p < kPhases; ++p) phases += TotalOf(device.calls(), static_cast<Phase>(p));
    EXPECT_EQ(phases, total);
    EXPECT_GT(TotalOf(device.calls(), Phase::kBackward).launches, 0u);
  }
}

TEST(GpuModelTest, ADryRunCostsWhatARealOneDoes) {
  for (const Job& job : Jobs()) {
    SCOPED_TRACE(job.name);
    const World world = MakeWorld(job);
    const std::unique_ptr<worker::Device> emulated = OpenDeviceFor(world.config);
    CountingDevice device(emulated.get(), world.config.compute().cuda().precision());
    auto run = StepRun::Create(world.config, world.data, &device);
    ASSERT_TRUE(run.ok()) << run.status().ToString();
    if (!SumsOnHost(world.config)) (*run)->KeepGradients(world.workers > 1);
    ASSERT_TRUE(RunStep(run->get(), world.data).ok());
    const Result<DryRun> dry = RunDry(world.config, world.data, world.workers);
    ASSERT_TRUE(dry.ok()) << dry.status().ToString();
    ASSERT_EQ(dry->cost.size(), device.calls().size());
    for (size_t i = 0; i < dry->cost.size(); ++i) {
      EXPECT_STREQ(dry->cost[i].name, device.calls()[i].name) << i;
      EXPECT_EQ(dry->cost[i].phase, device.calls()[i].phase) << i;
      EXPECT_EQ(dry->cost[i].cost, device.calls()[i].cost) << i << dry->cost[i].name;
    }
  }
}

// What repeats is started as one: the same work as nodes, and fewer starts.
TEST(GpuModelTest, AStepWithGraphsCostsWhatTheEmulationCountsAndADryRunSays) {
  NEEDS_EMULATION();
  for (Job job : Jobs()) {
    SCOPED_TRACE(job.name);
    job.log.rows = 6000;  // most lanes have full grains
    World world = MakeWorld(job);
    const Result<DryRun> plain = RunDry(world.config, world.data, world.workers);
    ASSERT_TRUE(plain.ok()) << plain.status().ToString();
    world.config.mutable_compute()->mutable_cuda()->set_graphs(true);
    const std::unique_ptr<worker::Device> emulated = OpenDeviceFor(world.config);
    CountingDevice device(emulated.get(), world.config.compute().cuda().precision());
    auto run = StepRun::Create(world.config, world.data, &device);
    ASSERT_TRUE(run.ok()) << run.status().ToString();
    if (!SumsOnHost(world.config)) (*run)->KeepGradients(world.workers > 1);
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(RunStep(run->get(), world.data).ok());
    device.Clear();
    const Counters before = cuda_host::ReadCounters();
    ASSERT_TRUE(RunStep(run->get(), world.data).ok());
    const Cost total = TotalOf(device.calls()), expected = TotalOf(plain->cost);
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

// By hand: two towers 9-5 on three slots of dimension 4, without contexts. The backward pass
// multiplies twice as often as the forward pass; logits are no products.
TEST(GpuModelTest, ProductsOfAPlainModelAreThoseOfItsLayers) {
  const World world = MakeWorld(Jobs()[0]);
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
TEST(GpuModelTest, ServersAreSentKeysAndGradientsAndSendRows) {
  const World world = MakeWorld(Jobs()[0]);
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

// A thread a column would go through all rows, one after the other; chunks of rows do not.
TEST(GpuModelTest, ALongLoopOfFewThreadsIsNotFree) {
  const Gpu& gpu = *FindGpu("A100-80");
  constexpr int64_t kRows = 8192, kColumns = 360;
  Cost serial = call_cost::Fill({1, kColumns});
  const double start = SecondsOf(serial, gpu, CudaConfig::FP32);
  serial.passes = 3 * kRows;
  EXPECT_GT(SecondsOf(serial, gpu, CudaConfig::FP32), 100 * start);
  for (const Cost& cost : {call_cost::ColumnMoments({kRows, kColumns}),
                           call_cost::NormalizeBackward({kRows, kColumns}, true)}) {
    EXPECT_LT(SecondsOf(cost, gpu, CudaConfig::FP32), 20 * start);
  }
}

TEST(GpuModelTest, SumsOverWorkersMoveNothingForOneAndTwiceTheVectorForMany) {
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

TEST(GpuModelTest, TheBusiestResourceBoundsAStep) {
  const World world = MakeWorld(Jobs()[0]);
  const Result<DryRun> dry = RunDry(world.config, world.data, world.workers);
  ASSERT_TRUE(dry.ok()) << dry.status().ToString();
  const Result<ServerTraffic> traffic = TrafficOf(world.config, world.data, *dry, 8, 1);
  ASSERT_TRUE(traffic.ok()) << traffic.status().ToString();
  StepWork work;
  work.device = dry->cost;
  work.traffic = *traffic;
  work.parameters = static_cast<uint64_t>(dry->parameters);
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
            static_cast<double>(all.launches + all.products) * assumed::kStartSeconds);
  // Inside a graph they cost less.
  StepWork with_graphs = work;
  for (CallCost& call : with_graphs.device) {
    if (call.cost.bus_bytes() == 0) call.cost.BecomeNodes();
  }
  EXPECT_LT(BusyOf(Predict(with_graphs, {gpu, 8, 1}), "device"), BusyOf(one, "device"));
  work.read_seconds = 10;
  EXPECT_STREQ(Predict(work, {gpu, 8, 1}).bound, "read");
}

TEST(GpuModelTest, RowsThatAreCachedOrHalvedDoNotTravel) {
  const World world = MakeWorld(Jobs()[0]);
  const Result<DryRun> dry = RunDry(world.config, world.data, world.workers);
  ASSERT_TRUE(dry.ok()) << dry.status().ToString();
  const Result<ServerTraffic> traffic = TrafficOf(world.config, world.data, *dry, 8, 1);
  ASSERT_TRUE(traffic.ok()) << traffic.status().ToString();
  StepWork work;
  work.device = dry->cost;
  work.traffic = *traffic;
  const Cluster cluster = {FindGpu("T4"), 8, 1};
  const auto bus = [&](const WhatIf& what_if) {
    return BusyOf(Predict(work, cluster, what_if), "bus to device");
  };
  const double rows = 4.0 * static_cast<double>(traffic->floats_pulled) /
                      (cluster.gpu->bus_gb_s * 1e9 * assumed::kBusShare);
  EXPECT_NEAR(bus({}) - bus({true, 0}), rows / 2, 1e-12);
  EXPECT_NEAR(bus({}) - bus({false, 0.75}), rows * 0.75, 1e-12);
  EXPECT_LT(BusyOf(Predict(work, cluster, {false, 0.75}), "server cpu"),
            BusyOf(Predict(work, cluster), "server cpu") / 2);
}

TEST(GpuModelTest, PublishedShapesAreJobs) {
  for (const Anchor& anchor : Anchors()) {
    const Result<TrainConfig> config = ConfigOf(anchor, {"compute.cuda.precision=TF32"});
    ASSERT_TRUE(config.ok()) << anchor.name << ": " << config.status().ToString();
    EXPECT_EQ(config->compute().cuda().precision(), CudaConfig::TF32);
    EXPECT_NE(FindGpu(anchor.gpu), nullptr);
    EXPECT_EQ(LogShapeOf(anchor).slots.size(), 26u);
  }
}

}  // namespace
}  // namespace chorus::perf
