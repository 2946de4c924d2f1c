#include "worker/engine/cpu/sparse_gradient.h"

#include <algorithm>
#include <cstring>

#include "common/check.h"

namespace chorus::worker {
namespace {

void AddRow(float* into, const float* from, uint32_t dim) {
  for (uint32_t j = 0; j < dim; ++j) into[j] += from[j];
}

// Sums rows[0 .. count) into rows[0]; row i belongs to grain grains[i] (ascending).
void SumAlongTree(const uint32_t* grains, float* const* rows, uint32_t count, TreeNode root,
                  uint32_t dim) {
  if (count == 1) return;
  if (count == 2) return AddRow(rows[0], rows[1], dim);
  const uint32_t middle = root.begin + root.size / 2;
  uint32_t left = 0;
  while (left < count && grains[left] < middle) ++left;
  if (left > 0) SumAlongTree(grains, rows, left, {root.begin, root.size / 2}, dim);
  if (left < count) {
    SumAlongTree(grains + left, rows + left, count - left, {middle, root.size / 2}, dim);
  }
  if (left > 0 && left < count) AddRow(rows[0], rows[left], dim);
}

}  // namespace

void SparseCombiner::Combine(TreeNode node, uint32_t dim, uint32_t keys,
                             const std::vector<SparseGradient*>& grains, SparseGradient* sum) {
  CHECK(grains.size() == node.size, "grains=", grains.size(), " node=", node.size);
  offsets_.assign(keys + 1, 0);
  for (const SparseGradient* grain : grains) {
    for (const uint32_t position : grain->positions) ++offsets_[position + 1];
  }
  sum->positions.clear();
  for (uint32_t p = 0; p < keys; ++p) {
    if (offsets_[p + 1] > 0) sum->positions.push_back(p);
    offsets_[p + 1] += offsets_[p];
  }
  grain_of_.resize(offsets_[keys]);
  sources_.resize(offsets_[keys]);
  for (uint32_t g = 0; g < node.size;
       ++g) {  // counting sort by position, stable in the grains' order
    for (size_t i = 0; i < grains[g]->positions.size(); ++i) {
      const uint32_t at = offsets_[grains[g]->positions[i]]++;
      grain_of_[at] = node.begin + g;
      sources_[at] = grains[g]->gradients.data() + i * dim;
    }
  }
  // offsets_[p] now ends position p's contributions.
  sum->gradients.resize(sum->positions.size() * dim);
  constexpr uint32_t kKeysPerTask = 4096;
  const auto count = static_cast<uint32_t>(sum->positions.size());
  const uint32_t tasks = (count + kKeysPerTask - 1) / kKeysPerTask;
  const Status status = pool_->ParallelFor(tasks, [&](uint32_t task, uint32_t) {
    const uint32_t end = std::min(count, (task + 1) * kKeysPerTask);
    for (uint32_t i = task * kKeysPerTask; i < end; ++i) {
      const uint32_t p = sum->positions[i];
      const uint32_t first = p == 0 ? 0 : offsets_[p - 1];
      SumAlongTree(&grain_of_[first], &sources_[first], offsets_[p] - first, node, dim);
      std::memcpy(&sum->gradients[size_t{i} * dim], sources_[first], dim * sizeof(float));
    }
    return Status::Ok();
  });
  CHECK(status.ok(), status.message());
}

}  // namespace chorus::worker
