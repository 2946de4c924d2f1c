// Whole steps on the device against the CPU's model, objective and sums, for every method and odd
// shapes.

#include "worker/device_step.h"

#include <gtest/gtest.h>

#include <map>

#include "common/random.h"
#include "tests/compute/model_fixture.h"
#include "tests/cuda/all_objectives.h"
#include "tests/cuda/device_testing.h"
#include "tests/support/cuda_host/emulation.h"
#include "worker/row_pointers.h"
#include "worker/sparse_gradient.h"
#include "worker/thread_pool.h"

namespace chorus::worker {
namespace {

class EmbeddingRows final : public PulledRows {
 public:
  EmbeddingRows(const TestGrain& grain, const std::vector<uint32_t>& dims)
      : grain_(grain), dims_(dims) {}
  const float* row(uint32_t table, uint32_t position) const override {
    return &grain_.embeddings[table][size_t{position} * dims_[table]];
  }

 private:
  const TestGrain& grain_;
  const std::vector<uint32_t> dims_;
};

struct Shape {
  uint32_t exposures;
  uint32_t contexts;
};

// A worker's part of a step, with everything that a step can have.
struct Case {
  std::vector<Shape> grains;
  uint32_t first_grain = 0;  // of the step
  uint32_t stage = 0;
  uint64_t step = 3;
};

struct Sums {
  std::vector<float> logits;  // of all grains
  std::vector<double> partials;
  std::vector<double> terms;
  std::vector<float> dense;                       // [nodes, parameters]
  std::vector<std::vector<NodeGradient>> sparse;  // [table instance][node]
};

class StepWorld {
 public:
  StepWorld(const std::string& objective, const std::string& config_text, const Case& setup,
            uint32_t grain_rows)
      : setup_(setup) {
    objective_ = ObjectiveOf(objective);
    fixture_ = std::make_unique<Fixture>(config_text, objective_->shape());
    fixture_->config.mutable_step()->set_grain_rows(grain_rows);
    fixture_->model = std::move(Model::Create(fixture_->config, TestSchema(), objective_->shape(),
                                              fixture_->backend.get()))
                          .value();
    for (size_t g = 0; g < setup.grains.size(); ++g) AddGrain(g);
    batch_.step = setup.step;
    batch_.stage = setup.stage;
    const TestGrain& first = grains_.front();
    batch_.keys.resize(fixture_->dims.size());
    for (size_t i = 0; i < batch_.keys.size(); ++i) {
      const uint32_t group = static_cast<uint32_t>(i / first.key_count.size());
      if (objective_->shape().groups[group].stage > setup.stage) continue;
      batch_.keys[i].keys.resize(first.key_count[i % first.key_count.size()]);
    }
  }

  const Objective& objective() const { return *objective_; }
  const std::vector<float>& parameters() const { return fixture_->parameters; }
  GrainRange range() const {
    return {setup_.first_grain, setup_.first_grain + static_cast<uint32_t>(grains_.size())};
  }
  DeviceStepOptions options() const {
    return {&fixture_->config, &schema_, objective_.get(), range(), size_t{8} << 20};
  }
  const StepBatch& batch() const { return batch_; }
  StepBatch& batch() { return batch_; }
  EmbeddingRows rows() const { return {grains_.front(), fixture_->dims}; }
  std::vector<double> Scales(const std::vector<double>& partials) const;
  Sums OnCpu() const;
  Sums OnDevice() const;
  Sums OnDevice(DeviceStep* step) const;

 private:
  void AddGrain(size_t g);

  const Case setup_;
  const LogSchema schema_ = TestSchema();
  std::unique_ptr<Objective> objective_;
  std::unique_ptr<Fixture> fixture_;
  std::vector<TestGrain> grains_;
  StepBatch batch_;
};

void StepWorld::AddGrain(size_t g) {
  const Shape shape = setup_.grains[g];
  grains_.push_back(fixture_->Grain(g + 1, shape.exposures, shape.contexts));
  Batch& batch = grains_.back().batch;
  for (uint32_t i = 0; i < shape.exposures; ++i) {
    const uint64_t bits = Random(g, RandomPurpose::kTest, i);
    batch.click.push_back(bits % 3 != 0);
    batch.conversion.push_back(bits % 3 == 1);
    batch.weight.push_back(static_cast<float>(bits >> 8 & 3) * 0.5f);  // 0 too
  }
  batch_.grains.push_back(batch);
  batch_.positions.push_back(grains_.back().positions);
}

// The worker's grains stand for the whole step.
std::vector<double> StepWorld::Scales(const std::vector<double>& partials) const {
  const uint32_t count = objective_->partials(setup_.stage);
  SpaceWeights spaces;
  std::vector<double> sums(count, 0.0);
  for (size_t g = 0; g < grains_.size(); ++g) {
    const SpaceWeights own = objective_->SumSpaces(LabelsOf(batch_.grains[g]));
    for (int s = 0; s < kSpaces; ++s) spaces.sum[s] += own.sum[s];
    for (uint32_t k = 0; k < count; ++k) sums[k] += partials[g * count + k];
  }
  return ScalesOf(objective_->Normalizers(setup_.stage, spaces, sums));
}

Sums StepWorld::OnCpu() const {
  const Model& model = *fixture_->model;
  Sums out;
  const size_t n = grains_.size(), terms = objective_->terms().size();
  const uint32_t partials = objective_->partials(setup_.stage);
  out.partials.assign(n * partials, 0.0);
  out.terms.assign(n * terms, 0.0);
  std::vector<std::unique_ptr<Workspace>> workspaces;
  const EmbeddingRows rows = this->rows();
  RowPointers pointers;
  pointers.Point(rows, batch_.keys);
  const auto input = [&](size_t g) {
    return GrainInput{&batch_.grains[g], &batch_.positions[g], pointers.tables(), setup_.stage,
                      setup_.step};
  };
  for (size_t g = 0; g < n; ++g) {
    workspaces.push_back(model.NewWorkspace());
    EXPECT_TRUE(model.Forward(input(g), parameters(), workspaces[g].get()).ok());
    const MatrixView<const float> logits = workspaces[g]->logits();
    out.logits.insert(out.logits.end(), logits.data, logits.data + logits.rows * logits.cols);
    if (partials > 0) {
      objective_->AddPartials(setup_.stage, LabelsOf(batch_.grains[g]), logits,
                              &out.partials[g * partials]);
    }
  }
  const std::vector<double> scales = Scales(out.partials);
  const int64_t size = model.parameters().size();
  std::vector<float> dense(n * static_cast<size_t>(size));
  std::vector<std::vector<SparseGradient>> sparse(n);
  for (size_t g = 0; g < n; ++g) {
    objective_->Evaluate(setup_.stage, LabelsOf(batch_.grains[g]), workspaces[g]->logits(), scales,
                         workspaces[g]->dlogits(), &out.terms[g * terms]);
    const std::span<float> gradient(&dense[g * static_cast<size_t>(size)],
                                    static_cast<size_t>(size));
    EXPECT_TRUE(
        model.Backward(input(g), parameters(), workspaces[g].get(), gradient, &sparse[g]).ok());
  }
  out.sparse.resize(batch_.keys.size());
  const auto pool = ThreadPool::Create(1);
  SparseCombiner combiner(pool.get());
  for (const TreeNode node : MaximalNodes(range())) {
    std::vector<TreeNode> leaves;
    for (uint32_t g = node.begin; g < node.end(); ++g) leaves.push_back({g, 1});
    const size_t first = node.begin - setup_.first_grain;
    ReduceAlongTree(leaves.data(), node.size, node, static_cast<uint32_t>(first),
                    [&](uint32_t into, uint32_t from) {
                      for (int64_t i = 0; i < size; ++i) {
                        dense[into * static_cast<size_t>(size) + static_cast<size_t>(i)] +=
                            dense[from * static_cast<size_t>(size) + static_cast<size_t>(i)];
                      }
                    });
    const auto sum = dense.begin() + static_cast<int64_t>(first) * size;
    out.dense.insert(out.dense.end(), sum, sum + size);
    for (uint32_t i = 0; i < batch_.keys.size(); ++i) {
      const uint32_t group = i / model.inputs().tables;
      if (objective_->shape().groups[group].stage != setup_.stage) continue;
      std::vector<SparseGradient*> sources;
      for (uint32_t g = 0; g < node.size; ++g) sources.push_back(&sparse[first + g][i]);
      out.sparse[i].push_back(combiner.Combine(
          node, fixture_->dims[i], static_cast<uint32_t>(batch_.keys[i].keys.size()), sources));
    }
  }
  return out;
}

Sums StepWorld::OnDevice() const {
  const std::unique_ptr<Device> device = OpenTestDevice();
  Result<std::unique_ptr<DeviceStep>> step = DeviceStep::Create(options(), device.get());
  EXPECT_TRUE(step.ok()) << step.status().ToString();
  return OnDevice(step->get());
}

Sums StepWorld::OnDevice(DeviceStep* step) const {
  Sums out;
  EXPECT_TRUE(step->weights().Set(parameters()).ok());
  Status status = step->Load(batch_, rows(), true);
  EXPECT_TRUE(status.ok()) << status.ToString();
  const auto append = [](MatrixView<const double> from, std::vector<double>* to) {
    to->assign(from.data, from.data + from.rows * from.cols);
  };
  if (objective_->partials(setup_.stage) > 0) {
    status = step->Forward();
    EXPECT_TRUE(status.ok()) << status.ToString();
    append(step->partials(), &out.partials);
  }
  status = step->Train(Scales(out.partials));
  EXPECT_TRUE(status.ok()) << status.ToString();
  status = step->Finish();
  EXPECT_TRUE(status.ok()) << status.ToString();
  for (uint32_t g = 0; g < grains_.size(); ++g) {
    const MatrixView<const float> logits = step->logits(g);
    out.logits.insert(out.logits.end(), logits.data, logits.data + logits.rows * logits.cols);
  }
  append(step->term_sums(), &out.terms);
  const MatrixView<const float> dense = step->node_gradients();
  out.dense.assign(dense.data, dense.data + dense.rows * dense.cols);
  for (uint32_t i = 0; i < batch_.keys.size(); ++i) {
    out.sparse.push_back(step->SparseGradients(i));
  }
  return out;
}

void ExpectCloseSums(const Sums& got, const Sums& expected) {
  ExpectClose(got.logits, expected.logits, 2e-6);
  ASSERT_EQ(got.partials.size(), expected.partials.size());
  for (size_t i = 0; i < got.partials.size(); ++i) {
    EXPECT_NEAR(got.partials[i], expected.partials[i], 1e-4 * (1 + std::abs(expected.partials[i])));
  }
  ASSERT_EQ(got.terms.size(), expected.terms.size());
  for (size_t i = 0; i < got.terms.size(); ++i) {
    EXPECT_NEAR(got.terms[i], expected.terms[i], 1e-4 * (1 + std::abs(expected.terms[i]))) << i;
  }
  ExpectClose(got.dense, expected.dense, 1e-5);
  ASSERT_EQ(got.sparse.size(), expected.sparse.size());
  for (size_t i = 0; i < got.sparse.size(); ++i) {
    ASSERT_EQ(got.sparse[i].size(), expected.sparse[i].size()) << "table " << i;
    for (size_t n = 0; n < got.sparse[i].size(); ++n) {
      EXPECT_EQ(got.sparse[i][n].node, expected.sparse[i][n].node);
      EXPECT_EQ(got.sparse[i][n].positions, expected.sparse[i][n].positions);
      ExpectClose(got.sparse[i][n].gradients, expected.sparse[i][n].gradients, 1e-5);
    }
  }
}

bool SameSums(const Sums& a, const Sums& b) {
  bool same = SameBits(a.logits, b.logits) && a.partials == b.partials && a.terms == b.terms &&
              SameBits(a.dense, b.dense);
  for (size_t i = 0; i < a.sparse.size(); ++i) {
    for (size_t n = 0; n < a.sparse[i].size(); ++n) {
      same = same && a.sparse[i][n].positions == b.sparse[i][n].positions &&
             SameBits(a.sparse[i][n].gradients, b.sparse[i][n].gradients);
    }
  }
  return same;
}

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

// One step on a device of its own. calls: those before the device goes.
Status RunOnce(const StepWorld& world, std::map<std::string, uint64_t>* calls) {
  DeviceOptions options;
  options.rank = 7;
  ASSIGN_OR_RETURN(const std::unique_ptr<Device> device, cuda::OpenCudaDevice(options));
  ASSIGN_OR_RETURN(const std::unique_ptr<DeviceStep> step,
                   DeviceStep::Create(world.options(), device.get()));
  RETURN_IF_ERROR(step->weights().Set(world.parameters()));
  RETURN_IF_ERROR(step->Load(world.batch(), world.rows(), true));
  RETURN_IF_ERROR(step->Train(std::vector<double>(2, 1.0)));
  RETURN_IF_ERROR(step->Finish());
  *calls = cuda_host::ReadCounters().calls;
  return Status::Ok();
}

TEST(DeviceStepTest, EveryFailedCallIsAnErrorThatNamesItAndNothingLeaks) {
  NEEDS_EMULATION();
  const StepWorld world("esmm={}", "", {{{9, 3}, {5, 5}}}, 16);
  std::map<std::string, uint64_t> calls, unused;
  cuda_host::ResetCounters();
  const Status clean = RunOnce(world, &calls);
  ASSERT_TRUE(clean.ok()) << clean.ToString();
  const cuda_host::LiveObjects none;
  ASSERT_EQ(cuda_host::ReadLiveObjects(), none);
  for (const auto& [name, count] : calls) {
    // A destructor has nobody to tell, and what it could not free is lost with the process.
    if (name.find("Destroy") != std::string::npos) continue;
    for (const uint64_t nth : {uint64_t{1}, (count + 1) / 2, count}) {
      SCOPED_TRACE(StrCat(name, " call ", nth, " of ", count));
      cuda_host::FailCall(name, nth, 7);
      const Status status = RunOnce(world, &unused);
      EXPECT_FALSE(cuda_host::ClearFailure());
      EXPECT_EQ(cuda_host::ReadLiveObjects(), none);
      // Memory that is not page-locked serves as well, and versions are for messages.
      const bool harmless = name == "cudaHostAlloc" || name.find("GetVersion") != std::string::npos;
      EXPECT_EQ(status.ok(), harmless) << status.ToString();
      if (harmless || name == "cudaGetDeviceCount") continue;
      // Kernels are named by the function that starts them.
      const std::string called = name == "cudaLaunchKernelExC" ? "cuda" : name;
      EXPECT_NE(status.message().find(called), std::string::npos) << status.ToString();
      EXPECT_NE(status.message().find("worker/cuda/"), std::string::npos) << status.ToString();
    }
  }
}

}  // namespace
}  // namespace chorus::worker
