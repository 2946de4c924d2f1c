#include "worker/node_sums.h"

#include <algorithm>

namespace chorus::worker {

MatrixView<const double> SumDoublesOfNodes(const std::vector<TreeNode>& nodes,
                                           const std::vector<double>& grains, uint32_t columns,
                                           std::vector<double>* sums) {
  sums->resize(nodes.size() * columns);
  const double* first = grains.data();
  for (size_t n = 0; n < nodes.size(); ++n) {
    const TreeNode node = nodes[n];
    std::vector<TreeNode> leaves;
    for (uint32_t g = node.begin; g < node.end(); ++g) leaves.push_back({g, 1});
    std::vector<double> terms(first, first + size_t{node.size} * columns);
    ReduceAlongTree(leaves.data(), node.size, node, 0, [&](uint32_t into, uint32_t from) {
      for (uint32_t c = 0; c < columns; ++c) {
        terms[size_t{into} * columns + c] += terms[size_t{from} * columns + c];
      }
    });
    std::copy_n(terms.data(), columns, sums->data() + n * columns);
    first += size_t{node.size} * columns;
  }
  return {sums->data(), static_cast<int64_t>(nodes.size()), columns};
}

}  // namespace chorus::worker
