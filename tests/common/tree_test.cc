#include "common/tree.h"

#include <gtest/gtest.h>

#include <string>

namespace chorus {
namespace {

// The sum of grains [begin, begin + size) as the expression that computes it.
std::string Expression(TreeNode node) {
  if (node.size == 1) return std::to_string(node.begin);
  const uint32_t half = node.size / 2;
  return "(" + Expression({node.begin, half}) + "+" + Expression({node.begin + half, half}) + ")";
}

std::string Reduce(const std::vector<TreeNode>& nodes, uint32_t grains) {
  std::vector<std::string> terms;
  for (const TreeNode& node : nodes) terms.push_back(Expression(node));
  ReduceAlongTree(nodes, grains, [&](uint32_t into, uint32_t from) {
    terms[into] = "(" + terms[into] + "+" + terms[from] + ")";
  });
  return terms[0];
}

TEST(Tree, WorkersGetContiguousRangesThatCoverTheStep) {
  for (uint32_t grains : {1u, 2u, 8u, 16u}) {
    for (uint32_t workers = 1; workers <= 20; ++workers) {
      uint32_t next = 0;
      for (uint32_t worker = 0; worker < workers; ++worker) {
        const GrainRange range = GrainsOfWorker(worker, workers, grains);
        EXPECT_EQ(range.begin, next);
        EXPECT_GE(range.size(), grains / workers);
        EXPECT_LE(range.size(), grains / workers + 1);
        next = range.end;
      }
      EXPECT_EQ(next, grains);
    }
  }
}

TEST(Tree, MaximalNodesCoverTheRangeWithAlignedSubtrees) {
  EXPECT_EQ(MaximalNodes({0, 8}), (std::vector<TreeNode>{{0, 8}}));
  EXPECT_EQ(MaximalNodes({3, 8}), (std::vector<TreeNode>{{3, 1}, {4, 4}}));
  EXPECT_EQ(MaximalNodes({1, 7}), (std::vector<TreeNode>{{1, 1}, {2, 2}, {4, 2}, {6, 1}}));
  EXPECT_TRUE(MaximalNodes({5, 5}).empty());
}

TEST(Tree, AnyNumberOfWorkersMakesTheSameExpression) {
  constexpr uint32_t kGrains = 16;
  for (uint32_t workers = 1; workers <= kGrains; ++workers) {
    std::vector<TreeNode> nodes;
    for (uint32_t worker = 0; worker < workers; ++worker) {
      for (const TreeNode& node : MaximalNodes(GrainsOfWorker(worker, workers, kGrains))) {
        nodes.push_back(node);
      }
    }
    EXPECT_EQ(Reduce(nodes, kGrains), Expression({0, kGrains})) << workers;
  }
}

TEST(Tree, AbsentTermsAreSkipped) {
  EXPECT_EQ(Reduce({{1, 1}, {2, 1}, {7, 1}}, 8), "((1+2)+7)");
  EXPECT_EQ(Reduce({{0, 1}, {5, 1}, {6, 1}, {7, 1}}, 8), "(0+(5+(6+7)))");
  EXPECT_EQ(Reduce({{3, 1}}, 8), "3");
}

}  // namespace
}  // namespace chorus
