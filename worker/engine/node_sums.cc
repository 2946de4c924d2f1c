#include "worker/engine/node_sums.h"

#include <algorithm>
#include <utility>

namespace chorus::worker {

GrainDoubles::GrainDoubles(std::vector<TreeNode> nodes, uint32_t columns)
    : nodes_(std::move(nodes)) {
  for (const TreeNode& node : nodes_) {
    for (uint32_t g = node.begin; g < node.end(); ++g) leaves_.push_back({g, 1});
  }
  Reset(columns);
}

void GrainDoubles::Reset(uint32_t columns) {
  columns_ = columns;
  grains_.assign(leaves_.size() * columns, 0.0);
  sums_.resize(grains_.size());
  node_sums_.resize(nodes_.size() * columns);
}

TreeTerms GrainDoubles::Terms(MatrixView<const float> floats) {
  std::copy(grains_.begin(), grains_.end(), sums_.begin());
  const auto row = [&](uint32_t g) { return sums_.data() + size_t{g} * columns_; };
  uint32_t first = 0;
  for (size_t n = 0; n < nodes_.size(); ++n) {
    const TreeNode node = nodes_[n];
    ReduceAlongTree(&leaves_[first], node.size, node, first, [&](uint32_t into, uint32_t from) {
      for (uint32_t c = 0; c < columns_; ++c) row(into)[c] += row(from)[c];
    });
    std::copy_n(row(first), columns_, node_sums_.data() + n * columns_);
    first += node.size;
  }
  return {nodes_, floats, {node_sums_.data(), static_cast<int64_t>(nodes_.size()), columns_}};
}

}  // namespace chorus::worker
