#include "worker/engine/cpu/cpu_engine.h"

#include <algorithm>
#include <atomic>

#include "common/check.h"
#include "common/strings.h"
#include "common/trace.h"
#include "worker/engine/step_gradients.h"
#include "worker/math/kernels.h"

namespace chorus::worker {
namespace {
constexpr int64_t kFloatsPerTask = int64_t{1} << 15;

std::string NameOf(ComputeConfig::Precision precision) {
  if (precision == ComputeConfig::FP32) return "CPU";
  return StrCat("CPU, products in ", ComputeConfig::Precision_Name(precision));
}
}  // namespace

Result<std::unique_ptr<Engine>> CpuEngine::Create(const EngineContext& context) {
  ASSIGN_OR_RETURN(
      std::unique_ptr<Backend> backend,
      NewCpuBackend(context.config->compute().isa(), context.config->compute().precision()));
  return std::unique_ptr<Engine>(new CpuEngine(context, std::move(backend)));
}

CpuEngine::CpuEngine(const EngineContext& context, std::unique_ptr<Backend> backend)
    : Engine(context, NameOf(context.config->compute().precision()), false),
      backend_(std::move(backend)),
      compute_(GrainCompute::Create(*context.config, *context.model, context.objective->shape(),
                                    backend_.get())),
      range_(context.grains),
      nodes_(MaximalNodes(range_)),
      keeps_activations_(MostPartials(*context.objective) > 0),
      sparse_(range_.size()),
      combined_(context.model->dims.size()),
      gradients_(range_.size(), context.model->parameters().size()),
      node_gradients_(nodes_.size() > 1 ? static_cast<int64_t>(nodes_.size()) : 0,
                      context.model->parameters().size()),
      combiner_(context.pool) {
  const uint32_t workspaces = keeps_activations_ ? range_.size() : context.pool->threads();
  for (uint32_t i = 0; i < workspaces; ++i) workspaces_.push_back(compute_->NewWorkspace());
  for (auto& sparse : sparse_) sparse.resize(context.model->dims.size());
  for (auto& of_nodes : combined_) of_nodes.resize(nodes_.size());
}

Status CpuEngine::Begin(const StepBatch& batch, const PulledRows& rows) {
  if (!weights_noted_) {
    const std::span<const float> now = weights();
    RETURN_IF_ERROR(backend_->UseWeights(now.data(), static_cast<int64_t>(now.size())));
    weights_noted_ = true;
  }
  batch_ = &batch;
  forwarded_ = false;
  rows_.Point(rows, batch.keys);
  return Status::Ok();
}

Status CpuEngine::Score(const StepBatch& batch, const PulledRows& rows) {
  RETURN_IF_ERROR(Begin(batch, rows));
  logits_.resize(range_.size());
  const Status status = ForEachGrain([&](uint32_t index, uint32_t thread) -> Status {
    Workspace* const workspace = WorkspaceOf(index, thread);
    const GrainInput input = {&batch.grains[index], &batch.positions[index], rows_.tables()};
    RETURN_IF_ERROR(compute_->Forward(input, weights(), workspace));
    RETURN_IF_ERROR(compute_->CheckLogits(*workspace));
    const MatrixView<const float> logits = workspace->logits();
    logits_[index].assign(logits.data, logits.data + logits.rows * logits.cols);
    return Status::Ok();
  });
  counted_ = PooledSoFar();
  return status;
}

MatrixView<const float> CpuEngine::Logits(uint32_t grain) {
  return {logits_[grain].data(), batch_->grains[grain].rows(),
          static_cast<int64_t>(context_.objective->heads().size())};
}

Status CpuEngine::ApplyDense(const DenseUpdate& update, std::span<float> gradient) {
  weights_noted_ = false;
  return context_.weights->Apply(update, gradient, context_.pool);
}

GrainInput CpuEngine::InputOf(uint32_t index) const {
  return {&batch_->grains[index], &batch_->positions[index], rows_.tables(), batch_->stage,
          batch_->step};
}

Status CpuEngine::ForEachGrain(const std::function<Status(uint32_t index, uint32_t thread)>& work) {
  return context_.pool->ParallelFor(range_.size(), [&](uint32_t index, uint32_t thread) {
    return work(index, thread).Annotate(StrCat("grain ", range_.begin + index));
  });
}

Status CpuEngine::ForwardGrain(uint32_t index, Workspace* workspace) {
  const TraceSpan span("forward", "grain", range_.begin + index);
  RETURN_IF_ERROR(compute_->Forward(InputOf(index), weights(), workspace));
  return compute_->CheckLogits(*workspace);
}

Status CpuEngine::Forward() {
  CHECK(keeps_activations_);
  const Objective& objective = *context_.objective;
  partials_.Reset(objective.partials(batch_->stage));
  forwarded_ = true;
  return ForEachGrain([&](uint32_t index, uint32_t thread) -> Status {
    Workspace* const workspace = WorkspaceOf(index, thread);
    RETURN_IF_ERROR(ForwardGrain(index, workspace));
    objective.AddPartials(batch_->stage, LabelsOf(batch_->grains[index]), workspace->logits(),
                          partials_.grain(index).data());
    return Status::Ok();
  });
}

Status CpuEngine::Train(const std::vector<double>& scales) {
  RETURN_IF_ERROR(ForEachGrain([&](uint32_t index, uint32_t thread) {
    return TrainGrain(index, scales, WorkspaceOf(index, thread));
  }));
  const uint64_t pooled = PooledSoFar();
  contexts_pooled_ += pooled - counted_;
  counted_ = pooled;
  return Status::Ok();
}

uint64_t CpuEngine::PooledSoFar() const {
  uint64_t pooled = 0;
  for (const auto& workspace : workspaces_) pooled += workspace->counters().contexts_pooled;
  return pooled;
}

Status CpuEngine::TrainGrain(uint32_t index, const std::vector<double>& scales,
                             Workspace* workspace) {
  if (!forwarded_) RETURN_IF_ERROR(ForwardGrain(index, workspace));
  const TraceSpan span("backward", "grain", range_.begin + index);
  double* const sums = doubles_.grain(index).data();
  std::fill_n(sums, terms_, 0.0);
  context_.objective->Evaluate(batch_->stage, LabelsOf(batch_->grains[index]), workspace->logits(),
                               scales, workspace->dlogits(), sums);
  const std::span<float> gradient(gradients_.view().row(index),
                                  static_cast<size_t>(gradients_.cols()));
  RETURN_IF_ERROR(
      compute_->Backward(InputOf(index), weights(), workspace, gradient, &sparse_[index]));
  return compute_->CheckInputGradients(*workspace);
}

// Sums the gradients of a node's grains into the row of its first one, and says whether the sums
// are finite. The tasks are slices of the columns.
bool CpuEngine::SumGradients(uint32_t first_grain, TreeNode node) {
  std::atomic<bool> finite = true;
  std::vector<TreeNode> leaves;
  for (uint32_t g = node.begin; g < node.end(); ++g) leaves.push_back({g, 1});
  const int64_t tasks = (gradients_.cols() + kFloatsPerTask - 1) / kFloatsPerTask;
  const Status status =
      context_.pool->ParallelFor(static_cast<uint32_t>(tasks), [&](uint32_t task, uint32_t) {
        const TraceSpan span("sum of grains", "part", task);
        const int64_t begin = task * kFloatsPerTask;
        const int64_t count = std::min(kFloatsPerTask, gradients_.cols() - begin);
        const auto slice = [&](uint32_t term) {
          return gradients_.view().row(first_grain + term) + begin;
        };
        ReduceAlongTree(leaves.data(), node.size, node, 0, [&](uint32_t into, uint32_t from) {
          AddTo(slice(into), slice(from), count);
        });
        // What is not finite in a grain is not finite in the sum either.
        if (!AllFinite(slice(0), count)) finite = false;
        return Status::Ok();
      });
  CHECK(status.ok(), status.message());
  return finite;
}

Status CpuEngine::FinishTrain() {
  for (const TreeNode& node : nodes_) {
    const uint32_t first = node.begin - range_.begin;
    if (SumGradients(first, node)) continue;
    const std::span<const float> sum(gradients_.view().row(first),
                                     static_cast<size_t>(gradients_.cols()));
    const ParameterBlock* block = context_.model->parameters().FirstNonFinite(sum);
    CHECK(block != nullptr);
    return FailedPrecondition(StrCat("grains ", node.begin, " to ", node.end() - 1,
                                     ": the gradient of ", block->name, " is not finite"));
  }
  return Status::Ok();
}

MatrixView<const float> CpuEngine::GradientsOfNodes() {
  for (size_t n = 0; n < nodes_.size(); ++n) {
    if (nodes_.size() == 1) break;
    std::copy_n(gradients_.view().row(nodes_[n].begin - range_.begin), gradients_.cols(),
                node_gradients_.view().row(static_cast<int64_t>(n)));
  }
  if (nodes_.size() > 1) return node_gradients_.view();
  return gradients_.Top(static_cast<int64_t>(nodes_.size()));
}

StepGradients CpuEngine::CombineSparse() {
  return GradientsOfStage(context_.objective->shape(), context_.model->trainable_tables,
                          batch_->stage, [&](uint32_t table) { return CombineTable(table); });
}

std::vector<NodeGradient> CpuEngine::CombineTable(uint32_t table) {
  const uint32_t dim = context_.model->dims[table];
  const auto keys = static_cast<uint32_t>(batch_->keys[table].keys.size());
  std::vector<NodeGradient> out;
  for (size_t n = 0; n < nodes_.size(); ++n) {
    std::vector<SparseGradient*> sources;
    for (uint32_t g = nodes_[n].begin; g < nodes_[n].end(); ++g) {
      sources.push_back(&sparse_[g - range_.begin][table]);
    }
    SparseGradient& sum = combined_[table][n];
    combiner_.Combine(nodes_[n], dim, keys, sources, &sum);
    out.push_back({nodes_[n], sum.positions, sum.gradients});
  }
  return out;
}

}  // namespace chorus::worker
