#pragma once
// Sums of doubles over a worker's nodes of the canonical tree. Thread safety: pure functions.

#include <cstdint>
#include <vector>

#include "common/matrix_view.h"
#include "common/tree.h"

namespace chorus::worker {

// grains: [grains of all nodes, columns], in order.  *sums: becomes [nodes, columns], of which the
// result is a view.
MatrixView<const double> SumDoublesOfNodes(const std::vector<TreeNode>& nodes,
                                           const std::vector<double>& grains, uint32_t columns,
                                           std::vector<double>* sums);

}  // namespace chorus::worker
