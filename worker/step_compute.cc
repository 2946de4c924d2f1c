#include "worker/step_compute.h"

#include <algorithm>
#include <cmath>

#include "common/check.h"
#include "common/strings.h"

namespace chorus::worker {
namespace {
constexpr int64_t kFloatsPerTask = int64_t{1} << 15;
}  // namespace

StepCompute::StepCompute(Session* session, uint32_t extras)
    : session_(session),
      range_(session->grains()),
      nodes_(MaximalNodes(range_)),
      terms_(static_cast<uint32_t>(session->objective().terms().size())),
      columns_(terms_ + extras),
      sparse_(range_.size()),
      gradients_(range_.size(), session->model().parameters().size()),
      node_gradients_(nodes_.size() > 1 ? static_cast<int64_t>(nodes_.size()) : 0,
                      session->model().parameters().size()),
      grain_doubles_(size_t{range_.size()} * columns_, 0.0),
      node_doubles_(nodes_.size() * columns_, 0.0),
      combiner_(&session->pool()) {
  for (uint32_t thread = 0; thread < session->pool().threads(); ++thread) {
    workspaces_.push_back(session->model().NewWorkspace());
  }
  for (auto& sparse : sparse_) sparse.resize(session->tables().size());
}

std::span<double> StepCompute::Extras(uint32_t grain) {
  return {&grain_doubles_[size_t{grain} * columns_ + terms_], columns_ - terms_};
}

Status StepCompute::Train(const StepBatch& batch, const PulledRows& rows,
                          const std::vector<double>& scales) {
  rows_.Point(rows, batch.keys);
  RETURN_IF_ERROR(session_->pool().ParallelFor(range_.size(), [&](uint32_t index, uint32_t thread) {
    return TrainGrain(index, batch, scales, workspaces_[thread].get())
        .Annotate(StrCat("grain ", range_.begin + index));
  }));
  contexts_pooled_ = 0;
  for (const auto& workspace : workspaces_) {
    contexts_pooled_ += workspace->counters().contexts_pooled;
  }
  return Status::Ok();
}

Status StepCompute::TrainGrain(uint32_t index, const StepBatch& batch,
                               const std::vector<double>& scales, Workspace* workspace) {
  const GrainInput input = {&batch.grains[index], &batch.positions[index], rows_.tables()};
  const Model& model = session_->model();
  RETURN_IF_ERROR(model.Forward(input, session_->parameters(), workspace));
  RETURN_IF_ERROR(model.CheckLogits(*workspace));
  double* const sums = &grain_doubles_[size_t{index} * columns_];
  std::fill_n(sums, terms_, 0.0);
  session_->objective().Evaluate(0, LabelsOf(batch.grains[index]), workspace->logits(), scales,
                                 workspace->dlogits(), sums);
  const std::span<float> gradient(gradients_.view().row(index),
                                  static_cast<size_t>(gradients_.cols()));
  RETURN_IF_ERROR(
      model.Backward(input, session_->parameters(), workspace, gradient, &sparse_[index]));
  return model.CheckGradients(*workspace, gradient);
}

// Sums the gradients of a node's grains into the row of its first one. The tasks are slices of the
// columns.
void StepCompute::SumGradients(uint32_t first_grain, TreeNode node) {
  if (node.size == 1) return;
  std::vector<TreeNode> leaves;
  for (uint32_t g = node.begin; g < node.end(); ++g) leaves.push_back({g, 1});
  const int64_t tasks = (gradients_.cols() + kFloatsPerTask - 1) / kFloatsPerTask;
  const Status status =
      session_->pool().ParallelFor(static_cast<uint32_t>(tasks), [&](uint32_t task, uint32_t) {
        const int64_t begin = task * kFloatsPerTask;
        const int64_t count = std::min(kFloatsPerTask, gradients_.cols() - begin);
        const auto slice = [&](uint32_t term) {
          return gradients_.view().row(first_grain + term) + begin;
        };
        ReduceAlongTree(leaves.data(), node.size, node, 0, [&](uint32_t into, uint32_t from) {
          float* const a = slice(into);
          const float* const b = slice(from);
          for (int64_t i = 0; i < count; ++i) a[i] += b[i];
        });
        return Status::Ok();
      });
  CHECK(status.ok(), status.message());
}

MatrixView<const float> StepCompute::GradientsOfNodes() {
  for (size_t n = 0; n < nodes_.size(); ++n) {
    const uint32_t first = nodes_[n].begin - range_.begin;
    SumGradients(first, nodes_[n]);
    if (nodes_.size() > 1) {
      std::copy_n(gradients_.view().row(first), gradients_.cols(),
                  node_gradients_.view().row(static_cast<int64_t>(n)));
    }
  }
  if (nodes_.size() > 1) return node_gradients_.view();
  return gradients_.Top(static_cast<int64_t>(nodes_.size()));
}

MatrixView<const double> StepCompute::DoublesOfNodes() {
  std::vector<TreeNode> leaves;
  for (size_t n = 0; n < nodes_.size(); ++n) {
    const TreeNode node = nodes_[n];
    leaves.clear();
    for (uint32_t g = node.begin; g < node.end(); ++g) leaves.push_back({g, 1});
    std::vector<double> sums(&grain_doubles_[size_t{node.begin - range_.begin} * columns_],
                             &grain_doubles_[0] + size_t{node.end() - range_.begin} * columns_);
    ReduceAlongTree(leaves.data(), node.size, node, 0, [&](uint32_t into, uint32_t from) {
      for (uint32_t c = 0; c < columns_; ++c) {
        sums[size_t{into} * columns_ + c] += sums[size_t{from} * columns_ + c];
      }
    });
    std::copy_n(sums.data(), columns_, &node_doubles_[n * columns_]);
  }
  return {node_doubles_.data(), static_cast<int64_t>(nodes_.size()), columns_};
}

TreeTerms StepCompute::NodeSums() { return {nodes_, GradientsOfNodes(), DoublesOfNodes()}; }

TreeTerms StepCompute::ExtraSums() {
  return {nodes_, {nullptr, static_cast<int64_t>(nodes_.size()), 0}, DoublesOfNodes()};
}

StepGradients StepCompute::CombineSparse(const StepBatch& batch) {
  StepGradients out;
  out.tables.resize(session_->tables().size());
  for (uint32_t table = 0; table < out.tables.size(); ++table) {
    const uint32_t dim = session_->tables()[table].config.dim();
    const auto keys = static_cast<uint32_t>(batch.keys[table].keys.size());
    for (const TreeNode node : nodes_) {
      std::vector<SparseGradient*> sources;
      for (uint32_t g = node.begin; g < node.end(); ++g) {
        sources.push_back(&sparse_[g - range_.begin][table]);
      }
      out.tables[table].push_back(combiner_.Combine(node, dim, keys, sources));
    }
  }
  return out;
}

}  // namespace chorus::worker
