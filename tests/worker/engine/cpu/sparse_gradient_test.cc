#include "worker/engine/cpu/sparse_gradient.h"

#include <gtest/gtest.h>

#include <map>

#include "common/random.h"

namespace chorus::worker {
namespace {

constexpr uint32_t kGrains = 8;

uint64_t Draw(uint64_t a, uint64_t b, uint64_t c = 0) {
  return Random(3, RandomPurpose::kTest, a, b, c);
}

// Each grain holds about a third of the keys; key 0 is of no grain, key 1 of all.
std::vector<SparseGradient> MakeGrains(uint32_t keys, uint32_t dim) {
  std::vector<SparseGradient> grains(kGrains);
  for (uint32_t g = 0; g < kGrains; ++g) {
    for (uint32_t p = 1; p < keys; ++p) {
      if (p != 1 && ToBelow(Draw(g, p), 3) != 0) continue;
      grains[g].positions.push_back(p);
      for (uint32_t j = 0; j < dim; ++j) {
        grains[g].gradients.push_back(static_cast<float>(ToUniform(Draw(g + 100, p, j)) - 0.5) *
                                      (j % 2 == 0 ? 1e3f : 1e-3f));
      }
    }
  }
  return grains;
}

using Row = std::vector<float>;
using Term = std::pair<TreeNode, Row>;

// Sums the terms of one key along the canonical tree, one addition after the other.
Row SumOf(std::vector<Term> terms) {
  std::vector<TreeNode> nodes;
  for (const Term& term : terms) nodes.push_back(term.first);
  ReduceAlongTree(nodes, kGrains, [&](uint32_t into, uint32_t from) {
    for (size_t j = 0; j < terms[into].second.size(); ++j) {
      terms[into].second[j] += terms[from].second[j];
    }
  });
  return terms[0].second;
}

std::map<uint32_t, Row> Expected(const std::vector<SparseGradient>& grains, uint32_t dim) {
  std::map<uint32_t, std::vector<Term>> terms;
  for (uint32_t g = 0; g < kGrains; ++g) {
    for (size_t i = 0; i < grains[g].positions.size(); ++i) {
      const float* const row = &grains[g].gradients[i * dim];
      terms[grains[g].positions[i]].push_back({{g, 1}, Row(row, row + dim)});
    }
  }
  std::map<uint32_t, Row> sums;
  for (const auto& [position, list] : terms) sums[position] = SumOf(list);
  return sums;
}

// Combines by workers, as a job does, then sums the nodes as a server does.
std::map<uint32_t, Row> Combined(std::vector<SparseGradient> grains, uint32_t keys, uint32_t dim,
                                 uint32_t workers, SparseCombiner* combiner) {
  std::map<uint32_t, std::vector<Term>> terms;
  for (uint32_t w = 0; w < workers; ++w) {
    for (const TreeNode node : MaximalNodes(GrainsOfWorker(w, workers, kGrains))) {
      std::vector<SparseGradient*> sources;
      for (uint32_t g = node.begin; g < node.end(); ++g) sources.push_back(&grains[g]);
      SparseGradient sum = {{7}, {7}};  // is lost
      combiner->Combine(node, dim, keys, sources, &sum);
      EXPECT_EQ(sum.gradients.size(), sum.positions.size() * dim);
      for (size_t i = 0; i < sum.positions.size(); ++i) {
        EXPECT_TRUE(i == 0 || sum.positions[i - 1] < sum.positions[i]);
        const float* const row = &sum.gradients[i * dim];
        terms[sum.positions[i]].push_back({node, Row(row, row + dim)});
      }
    }
  }
  std::map<uint32_t, Row> sums;
  for (const auto& [position, list] : terms) sums[position] = SumOf(list);
  return sums;
}

TEST(SparseCombinerTest, EqualsThePlainTreeBitForBitForAnyWorkersAndThreads) {
  for (const uint32_t dim : {1u, 3u, 16u}) {
    for (const uint32_t keys : {2u, 50u}) {
      const std::vector<SparseGradient> grains = MakeGrains(keys, dim);
      const std::map<uint32_t, Row> expected = Expected(grains, dim);
      for (const uint32_t threads : {1u, 3u}) {
        const auto pool = ThreadPool::Create(threads).value();
        SparseCombiner combiner(pool.get());
        for (uint32_t workers = 1; workers <= 9; ++workers) {
          EXPECT_EQ(Combined(grains, keys, dim, workers, &combiner), expected)
              << "dim " << dim << " workers " << workers << " threads " << threads;
        }
      }
    }
  }
}

TEST(SparseCombinerTest, ManyKeysAreCutIntoTasksWithoutChangingASum) {
  constexpr uint32_t kKeys = 9000;
  const std::vector<SparseGradient> grains = MakeGrains(kKeys, 2);
  const auto pool = ThreadPool::Create(3).value();
  SparseCombiner combiner(pool.get());
  EXPECT_TRUE(Combined(grains, kKeys, 2, 3, &combiner) == Expected(grains, 2));
}

TEST(SparseCombinerTest, NoKeysGiveNoRows) {
  std::vector<SparseGradient> grains(2);
  const auto pool = ThreadPool::Create(1).value();
  SparseCombiner combiner(pool.get());
  SparseGradient sum = {{7}, {7}};
  combiner.Combine({2, 2}, 4, 0, {&grains[0], &grains[1]}, &sum);
  EXPECT_TRUE(sum.positions.empty() && sum.gradients.empty());
}

}  // namespace
}  // namespace chorus::worker
