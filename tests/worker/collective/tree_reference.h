#pragma once
// What a tree sum must give: a plain recursion over the grains, one at a time.
// Thread safety: values.

#include <cstdint>
#include <vector>

#include "common/random.h"
#include "common/tree.h"
#include "worker/collective/collective.h"

namespace chorus::worker::testing {

// A step's terms: vectors[g] is grain g's, empty when the grain contributes nothing.
template <typename T>
using GrainVectors = std::vector<std::vector<T>>;

// Values of very unlike size, so that another order of addition gives other bits.
template <typename T>
GrainVectors<T> RandomGrains(uint32_t grains, size_t n, uint64_t seed) {
  GrainVectors<T> vectors(grains, std::vector<T>(n));
  for (uint32_t g = 0; g < grains; ++g) {
    for (size_t i = 0; i < n; ++i) {
      const uint64_t bits = Random(seed, RandomPurpose::kTest, g, i);
      const double scale = static_cast<double>(uint64_t{1} << (bits % 20));
      vectors[g][i] = static_cast<T>((ToUniform(bits) - 0.5) * scale);
    }
  }
  return vectors;
}

// The sum along the tree over [begin, begin + size); empty when every grain in it is absent.
template <typename T>
std::vector<T> PlainTreeSum(const GrainVectors<T>& grains, uint32_t begin, uint32_t size) {
  if (size == 1) return grains[begin];
  std::vector<T> left = PlainTreeSum(grains, begin, size / 2);
  const std::vector<T> right = PlainTreeSum(grains, begin + size / 2, size / 2);
  if (left.empty()) return right;
  for (size_t i = 0; i < right.size(); ++i) left[i] += right[i];
  return left;
}

// One worker's terms over a range of grains, and the memory that they are in. Nodes without a
// present grain are left out. REQUIRES: floats.size() == doubles.size(), the same grains present.
class WorkerTerms {
 public:
  WorkerTerms(const GrainVectors<float>& floats, const GrainVectors<double>& doubles,
              GrainRange range, size_t n, size_t m) {
    for (const TreeNode& node : MaximalNodes(range)) {
      const std::vector<float> a = PlainTreeSum(floats, node.begin, node.size);
      const std::vector<double> b = PlainTreeSum(doubles, node.begin, node.size);
      if (a.empty() && b.empty()) continue;
      terms_.nodes.push_back(node);
      floats_.insert(floats_.end(), a.begin(), a.end());
      floats_.resize(terms_.nodes.size() * (n + kGap));
      doubles_.insert(doubles_.end(), b.begin(), b.end());
    }
    const auto rows = static_cast<int64_t>(terms_.nodes.size());
    const auto cols = static_cast<int64_t>(n);
    terms_.floats = {floats_.data(), rows, cols, cols + kGap};
    terms_.doubles = {doubles_.data(), rows, static_cast<int64_t>(m)};
  }
  WorkerTerms(const WorkerTerms&) = delete;

  const TreeTerms& get() const { return terms_; }

 private:
  static constexpr int64_t kGap = 3;  // rows need not touch each other
  std::vector<float> floats_;
  std::vector<double> doubles_;
  TreeTerms terms_;
};

}  // namespace chorus::worker::testing
