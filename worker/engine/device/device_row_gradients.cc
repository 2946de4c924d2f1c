#include "worker/engine/device/device_row_gradients.h"

#include <algorithm>
#include <utility>

#include "common/strings.h"

namespace chorus::worker {

DeviceRowGradients::DeviceRowGradients(std::vector<uint32_t> dims, size_t tables,
                                       std::vector<TreeNode> nodes, size_t bytes, Device* device)
    : dims_(std::move(dims)),
      tables_(tables),
      nodes_(std::move(nodes)),
      bytes_(bytes),
      device_(device) {}

Status DeviceRowGradients::Open() {
  ASSIGN_OR_RETURN(std::byte* const download, device_->TakeMemory(bytes_));
  ASSIGN_OR_RETURN(std::byte* const host, device_->TakeHostMemory(bytes_));
  ASSIGN_OR_RETURN(memory_base_, device_->TakeMemory(bytes_));
  download_ = std::make_unique<PackedBlock>(host, download, bytes_);
  return Status::Ok();
}

Status DeviceRowGradients::Begin(const PackedStep& step,
                                 const std::function<bool(size_t instance)>& trained) {
  step_ = &step;
  memory_.Start(memory_base_);
  notes_.source = memory_.TakeOf<uint32_t>(step.keys);
  notes_.factor = memory_.TakeOf<float>(step.keys);
  piece_sums_.assign(dims_.size(), nullptr);
  sums_.assign(dims_.size(), nullptr);
  on_host_.assign(dims_.size(), nullptr);
  download_->Clear();
  for (size_t instance = 0; instance < dims_.size(); ++instance) {
    if (!trained(instance)) continue;
    const GradientOrder& order = OrderOf(instance).order;
    piece_sums_[instance] =
        memory_.Take(static_cast<int64_t>(order.piece_begins.size() - 1) * dims_[instance]);
    on_host_[instance] =
        download_->Take<float>(order.positions.size() * dims_[instance], &sums_[instance]);
  }
  if (memory_.used() <= bytes_ && !download_->full()) return Status::Ok();
  return ResourceExhausted(StrCat(
      "the gradients of a step need ", (std::max(memory_.used(), download_->used()) >> 20) + 1,
      " MiB on the device, compute.cuda.step_memory_mb is ", bytes_ >> 20));
}

Status DeviceRowGradients::SumGrain(size_t grain, size_t group, const float* dcontexts,
                                    const float* dexposures) {
  for (size_t instance = group * tables_; instance < (group + 1) * tables_; ++instance) {
    if (piece_sums_[instance] == nullptr) continue;
    const PackedOrder& packed = OrderOf(instance);
    const GradientOrder::Grain& part = packed.order.grains[grain];
    const DevicePieces pieces = {packed.keys, packed.piece_begins + part.first_piece, part.pieces};
    RETURN_IF_ERROR(device_->SumPieces(pieces, notes_, dcontexts, dexposures, dims_[instance],
                                       part.first_piece, piece_sums_[instance]));
    if (!part.has_joins) continue;
    RETURN_IF_ERROR(device_->JoinPieces({packed.segment_first + part.first_segment, part.segments},
                                        dims_[instance], piece_sums_[instance]));
  }
  return Status::Ok();
}

Status DeviceRowGradients::SumNodes() {
  for (size_t n = 0; n < nodes_.size(); ++n) {
    for (size_t instance = 0; instance < dims_.size(); ++instance) {
      if (piece_sums_[instance] == nullptr) continue;
      const PackedOrder& packed = OrderOf(instance);
      const GradientOrder::Node& node = packed.order.nodes[n];
      const DeviceTerms terms = {packed.term_begins + node.first_key, packed.term_grain,
                                 packed.term_piece, node.keys, nodes_[n].size};
      // What the block has taken is in the device's own memory.
      float* const out =
          const_cast<float*>(sums_[instance]) + size_t{node.first_key} * dims_[instance];
      RETURN_IF_ERROR(device_->CombineTerms(terms, dims_[instance], piece_sums_[instance], out));
    }
  }
  return Status::Ok();
}

std::vector<NodeGradient> DeviceRowGradients::OnHost(uint32_t instance) const {
  std::vector<NodeGradient> out;
  if (on_host_[instance] == nullptr) return out;
  const GradientOrder& order = OrderOf(instance).order;
  const size_t dim = dims_[instance];
  for (size_t n = 0; n < nodes_.size(); ++n) {
    const GradientOrder::Node& part = order.nodes[n];
    out.push_back({nodes_[n],
                   {order.positions.data() + part.first_key, part.keys},
                   {on_host_[instance] + part.first_key * dim, part.keys * dim}});
  }
  return out;
}

}  // namespace chorus::worker
