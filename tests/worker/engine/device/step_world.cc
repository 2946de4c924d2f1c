#include "tests/worker/engine/device/step_world.h"

#include "common/random.h"
#include "tests/worker/cuda/all_objectives.h"
#include "tests/worker/cuda/device_testing.h"
#include "worker/engine/cpu/row_pointers.h"
#include "worker/engine/cpu/sparse_gradient.h"
#include "worker/math/thread_pool.h"

namespace chorus::worker {

using testing::ExpectClose;
using testing::ObjectiveOf;
using testing::OpenTestDevice;

StepWorld::StepWorld(const std::string& objective, const std::string& config_text,
                     const Case& setup, uint32_t grain_rows)
    : setup_(setup) {
  objective_ = ObjectiveOf(objective);
  fixture_ = std::make_unique<Fixture>(config_text, objective_->shape());
  fixture_->config.mutable_step()->set_grain_rows(grain_rows);
  fixture_->compute = GrainCompute::Create(fixture_->config, fixture_->model, objective_->shape(),
                                           fixture_->backend.get());
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
  const GrainCompute& compute = *fixture_->compute;
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
    workspaces.push_back(compute.NewWorkspace());
    EXPECT_TRUE(compute.Forward(input(g), parameters(), workspaces[g].get()).ok());
    const MatrixView<const float> logits = workspaces[g]->logits();
    out.logits.insert(out.logits.end(), logits.data, logits.data + logits.rows * logits.cols);
    if (partials > 0) {
      objective_->AddPartials(setup_.stage, LabelsOf(batch_.grains[g]), logits,
                              &out.partials[g * partials]);
    }
  }
  const std::vector<double> scales = Scales(out.partials);
  const int64_t size = compute.model().parameters().size();
  std::vector<float> dense(n * static_cast<size_t>(size));
  std::vector<std::vector<SparseGradient>> sparse(n);
  for (size_t g = 0; g < n; ++g) {
    objective_->Evaluate(setup_.stage, LabelsOf(batch_.grains[g]), workspaces[g]->logits(), scales,
                         workspaces[g]->dlogits(), &out.terms[g * terms]);
    const std::span<float> gradient(&dense[g * static_cast<size_t>(size)],
                                    static_cast<size_t>(size));
    EXPECT_TRUE(
        compute.Backward(input(g), parameters(), workspaces[g].get(), gradient, &sparse[g]).ok());
  }
  out.sparse.resize(batch_.keys.size());
  const auto pool = ThreadPool::Create(1).value();
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
      const std::vector<bool>& trainable = compute.model().trainable_tables;
      const auto group = static_cast<uint32_t>(i / trainable.size());
      if (objective_->shape().groups[group].stage != setup_.stage) continue;
      if (!trainable[i % trainable.size()]) continue;
      std::vector<SparseGradient*> sources;
      for (uint32_t g = 0; g < node.size; ++g) sources.push_back(&sparse[first + g][i]);
      NodeSum& of_node = out.sparse[i].emplace_back();
      of_node.node = node;
      combiner.Combine(node, fixture_->dims[i], static_cast<uint32_t>(batch_.keys[i].keys.size()),
                       sources, &of_node.sum);
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
  Sums sums = Read(*step);
  sums.partials = out.partials;
  return sums;
}

Sums StepWorld::Read(const DeviceStep& step) const {
  Sums out;
  for (uint32_t g = 0; g < grains_.size(); ++g) {
    const MatrixView<const float> logits = step.logits(g);
    out.logits.insert(out.logits.end(), logits.data, logits.data + logits.rows * logits.cols);
  }
  const MatrixView<const double> terms = step.term_sums();
  out.terms.assign(terms.data, terms.data + terms.rows * terms.cols);
  const MatrixView<const float> dense = step.node_gradients();
  out.dense.assign(dense.data, dense.data + dense.rows * dense.cols);
  for (uint32_t i = 0; i < batch_.keys.size(); ++i) {
    std::vector<NodeSum>& nodes = out.sparse.emplace_back();
    for (const NodeGradient& gradient : step.SparseGradients(i)) {
      nodes.push_back({gradient.node,
                       {{gradient.positions.begin(), gradient.positions.end()},
                        {gradient.gradients.begin(), gradient.gradients.end()}}});
    }
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
      EXPECT_EQ(got.sparse[i][n].sum.positions, expected.sparse[i][n].sum.positions);
      ExpectClose(got.sparse[i][n].sum.gradients, expected.sparse[i][n].sum.gradients, 1e-5);
    }
  }
}

bool SameSums(const Sums& a, const Sums& b) {
  bool same = SameBits(a.logits, b.logits) && a.partials == b.partials && a.terms == b.terms &&
              SameBits(a.dense, b.dense);
  for (size_t i = 0; i < a.sparse.size(); ++i) {
    for (size_t n = 0; n < a.sparse[i].size(); ++n) {
      same = same && a.sparse[i][n].sum.positions == b.sparse[i][n].sum.positions &&
             SameBits(a.sparse[i][n].sum.gradients, b.sparse[i][n].sum.gradients);
    }
  }
  return same;
}

}  // namespace chorus::worker
