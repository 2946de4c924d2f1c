#include "perf/gpu_step/step_sums.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "common/random.h"
#include "launch/gpu/step_run.h"
#include "worker/engine/cpu/grain_compute.h"
#include "worker/engine/cpu/row_pointers.h"
#include "worker/math/backend.h"

namespace chorus::perf {

using namespace gpu;
namespace {

using namespace worker;

StepSums NewSums(const StepData& data, const StepBatch& batch, size_t parameters) {
  StepSums sums;
  sums.losses.resize(data.objective->terms().size());
  sums.dense.resize(parameters);
  for (size_t i = 0; i < data.model.dims.size(); ++i) {
    sums.rows.emplace_back(batch.keys[i].keys.size() * data.model.dims[i]);
  }
  return sums;
}

void AddRow(const float* gradient, size_t position, uint32_t dim, std::vector<double>* rows) {
  for (uint32_t j = 0; j < dim; ++j) (*rows)[position * dim + j] += gradient[j];
}

double Largest(const std::vector<double>& got, const std::vector<double>& expected) {
  if (got.size() != expected.size()) return INFINITY;
  double difference = 0, size = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    const double own = std::abs(got[i] - expected[i]);
    if (!(own <= difference)) difference = own;  // NaN too
    size = std::max(size, std::abs(expected[i]));
  }
  return difference == 0 ? 0.0 : difference / size;
}

std::vector<double> ScalesOfStep(const StepData& data, const StepBatch& batch,
                                 const std::vector<double>& partials) {
  SpaceWeights spaces;
  for (const SpaceWeights& grain : batch.spaces) {
    for (int s = 0; s < kSpaces; ++s) spaces.sum[s] += grain.sum[s];
  }
  return ScalesOf(data.objective->Normalizers(batch.stage, spaces, partials));
}

// Grain after grain, with the activations of all of them kept.
class CpuStep {
 public:
  CpuStep(const StepData& data, const StepBatch& batch, const PulledRows& rows,
          const GrainCompute& compute, uint64_t seed)
      : data_(data), batch_(batch), compute_(compute) {
    pointers_.Point(rows, batch.keys);
    parameters_ = RunWeights(compute.model().parameters(), seed);
    for (size_t g = 0; g < batch.grains.size(); ++g) workspaces_.push_back(compute.NewWorkspace());
  }

  Result<StepSums> Compute() {
    StepSums sums = NewSums(data_, batch_, parameters_.size());
    std::vector<double> partials(data_.objective->partials(batch_.stage));
    for (size_t g = 0; g < batch_.grains.size(); ++g) {
      RETURN_IF_ERROR(compute_.Forward(InputOf(g), parameters_, workspaces_[g].get()));
      const MatrixView<const float> logits = workspaces_[g]->logits();
      sums.logits.insert(sums.logits.end(), logits.data, logits.data + logits.rows * logits.cols);
      if (partials.empty()) continue;
      data_.objective->AddPartials(batch_.stage, LabelsOf(batch_.grains[g]), logits,
                                   partials.data());
    }
    const std::vector<double> scales = ScalesOfStep(data_, batch_, partials);
    for (size_t g = 0; g < batch_.grains.size(); ++g) RETURN_IF_ERROR(Train(g, scales, &sums));
    return sums;
  }

 private:
  GrainInput InputOf(size_t g) {
    return {&batch_.grains[g], &batch_.positions[g], pointers_.tables(), batch_.stage, batch_.step};
  }

  Status Train(size_t g, const std::vector<double>& scales, StepSums* sums) {
    Workspace* const workspace = workspaces_[g].get();
    data_.objective->Evaluate(batch_.stage, LabelsOf(batch_.grains[g]), workspace->logits(), scales,
                              workspace->dlogits(), sums->losses.data());
    std::vector<float> gradient(parameters_.size());
    RETURN_IF_ERROR(compute_.Backward(InputOf(g), parameters_, workspace, gradient, &sparse_));
    for (size_t i = 0; i < gradient.size(); ++i) sums->dense[i] += gradient[i];
    for (size_t i = 0; i < sparse_.size(); ++i) {
      for (size_t k = 0; k < sparse_[i].positions.size(); ++k) {
        AddRow(&sparse_[i].gradients[k * data_.model.dims[i]], sparse_[i].positions[k],
               data_.model.dims[i], &sums->rows[i]);
      }
    }
    return Status::Ok();
  }

  const StepData& data_;
  const StepBatch& batch_;
  const GrainCompute& compute_;
  RowPointers pointers_;
  std::vector<float> parameters_;
  std::vector<std::unique_ptr<Workspace>> workspaces_;
  std::vector<SparseGradient> sparse_;
};

}  // namespace

Result<StepSums> SumsOnCpu(const TrainConfig& config, const StepData& data, const StepBatch& batch,
                           const PulledRows& rows) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Backend> backend, NewCpuBackend(config.compute().isa()));
  const std::unique_ptr<GrainCompute> compute =
      GrainCompute::Create(config, data.model, data.objective->shape(), backend.get());
  return CpuStep(data, batch, rows, *compute, config.seed()).Compute();
}

StepSums SumsOf(const DeviceStep& step, const StepData& data, const StepBatch& batch) {
  StepSums sums = NewSums(data, batch, static_cast<size_t>(step.parameters().size()));
  for (uint32_t g = 0; g < batch.grains.size(); ++g) {
    const MatrixView<const float> logits = step.logits(g);
    sums.logits.insert(sums.logits.end(), logits.data, logits.data + logits.rows * logits.cols);
  }
  const MatrixView<const double> losses = step.term_sums();
  for (int64_t g = 0; g < losses.rows; ++g) {
    for (size_t k = 0; k < sums.losses.size(); ++k) sums.losses[k] += losses.row(g)[k];
  }
  const MatrixView<const float> dense = step.node_gradients();
  for (int64_t n = 0; n < dense.rows; ++n) {
    for (size_t i = 0; i < sums.dense.size(); ++i) sums.dense[i] += dense.row(n)[i];
  }
  for (uint32_t i = 0; i < data.model.dims.size(); ++i) {
    for (const NodeGradient& node : step.SparseGradients(i)) {
      for (size_t k = 0; k < node.positions.size(); ++k) {
        AddRow(&node.gradients[k * data.model.dims[i]], node.positions[k], data.model.dims[i],
               &sums.rows[i]);
      }
    }
  }
  return sums;
}

double Difference::largest() const { return std::max({logits, losses, dense, rows}); }

Difference DifferenceOf(const StepSums& got, const StepSums& expected) {
  Difference difference = {Largest(got.logits, expected.logits),
                           Largest(got.losses, expected.losses),
                           Largest(got.dense, expected.dense)};
  for (size_t i = 0; i < got.rows.size(); ++i) {
    difference.rows = std::max(difference.rows, Largest(got.rows[i], expected.rows[i]));
  }
  return difference;
}

// Equal doubles mean equal floats here: they are sums of the same floats in the same order.
bool SameBits(const StepSums& a, const StepSums& b) {
  return a.logits == b.logits && a.losses == b.losses && a.dense == b.dense && a.rows == b.rows;
}

DrawnRows::DrawnRows(const std::vector<uint32_t>& dims)
    : dims_(dims), widest_(*std::max_element(dims.begin(), dims.end())) {
  for (size_t i = 0; i < kRows * widest_; ++i) {
    values_.push_back(
        static_cast<float>(ToUniform(Random(1, RandomPurpose::kTest, i)) * 0.2 - 0.1));
  }
}

}  // namespace chorus::perf
