#include "worker/engine/device/device_gradients.h"

#include <algorithm>
#include <utility>

#include "common/check.h"

namespace chorus::worker {
DeviceGradients::DeviceGradients(const Network* network, std::vector<TreeNode> nodes,
                                 const DeviceWeights* weights, Device* device)
    : network_(*network),
      nodes_(std::move(nodes)),
      count_(nodes_.empty() ? 0 : nodes_.back().end()),
      weights_(*weights),
      device_(device) {}

void DeviceGradients::TakeMemory(DeviceArena* arena) {
  grains_ = {arena->Take(count_ * parameters()), count_, parameters()};
}

Status DeviceGradients::Open() {
  const size_t bytes = nodes_.size() * static_cast<size_t>(parameters()) * sizeof(float);
  ASSIGN_OR_RETURN(std::byte* const memory, device_->TakeHostMemory(bytes));
  on_host_ = reinterpret_cast<float*>(memory);
  return Status::Ok();
}

void DeviceGradients::Keep(DeviceCollective* collective) {
  kept_ = true;
  collective_ = collective;
}

void DeviceGradients::Describe(DeviceCollectiveOptions* options) const {
  options->terms.clear();
  for (const TreeNode& node : nodes_) options->terms.push_back(grains_.row(node.begin));
  options->sum = weights_.gradient();
  options->n = parameters();
}

// Adds these weights' gradients up over the worker's nodes, each in the row of its first grain.
Status DeviceGradients::Sum(const ParameterRange& range) {
  if (range.size() == 0) return Status::Ok();
  for (const TreeNode& node : nodes_) {
    const MatrixView<float> own = grains_.Rows(node.begin, node.size);
    RETURN_IF_ERROR(device_->SumGrains(own.Columns(range.begin, range.size())));
  }
  return collective_ == nullptr ? Status::Ok() : collective_->BeginSum(range.begin, range.end);
}

Status DeviceGradients::SumUpper(size_t group) {
  return begin_early() ? Sum(network_.groups[group].upper) : Status::Ok();
}

Status DeviceGradients::SumLower(size_t group) {
  return begin_early() ? Sum(network_.groups[group].lower) : Status::Ok();
}

Status DeviceGradients::SumRest(uint32_t stage) {
  if (!begin_early()) return Sum({0, parameters()});
  uint32_t last_stage = 0;
  for (size_t group = 0; group < network_.groups.size(); ++group) {
    last_stage = std::max(last_stage, network_.groups[group].stage);
    if (count_ > 0 || network_.groups[group].stage != stage) continue;
    RETURN_IF_ERROR(SumUpper(group));
    RETURN_IF_ERROR(SumLower(group));
  }
  return Sum({network_.parameters.OfStage(last_stage).end, parameters()});
}

Status DeviceGradients::BringBack() {
  for (size_t n = 0; n < nodes_.size() && !kept_; ++n) {
    RETURN_IF_ERROR(device_->Download(grains_.row(nodes_[n].begin),
                                      on_host_ + static_cast<int64_t>(n) * parameters(),
                                      static_cast<size_t>(parameters()) * sizeof(float)));
  }
  return Status::Ok();
}

MatrixView<const float> DeviceGradients::of_nodes() const {
  return {on_host_, static_cast<int64_t>(nodes_.size()), kept_ ? 0 : parameters()};
}

Result<float*> DeviceGradients::OfStep() {
  CHECK(kept_ && (collective_ != nullptr || nodes_.size() == 1));
  if (collective_ == nullptr) return grains_.row(0);  // the only worker's node is the whole step
  RETURN_IF_ERROR(collective_->Join());
  return weights_.gradient();
}

}  // namespace chorus::worker
