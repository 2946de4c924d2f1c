#include "ps/gradient_combiner.h"

#include <algorithm>

namespace chorus::ps {

bool GradientCombiner::IsPlain(std::span<const WorkerRows> workers,
                               std::span<const GradientTerm> terms) {
  if (terms.size() != 1 || !terms[0].all) return false;
  const auto with_rows =
      std::count_if(workers.begin(), workers.end(),
                    [](const WorkerRows& worker) { return !worker.rows.empty(); });
  return with_rows == 1 && !workers[terms[0].worker].rows.empty();
}

// A row's slot stands in its header; it holds if the slot names the row (a sparse set: nothing to
// clear).
void GradientCombiner::AssignSlots(const Table& table, std::span<const WorkerRows> workers) {
  slot_rows_.clear();
  slots_.resize(workers.size());
  for (size_t worker = 0; worker < workers.size(); ++worker) {
    const auto rows = workers[worker].rows;
    slots_[worker].resize(rows.size());
    for (size_t i = 0; i < rows.size(); ++i) {
      if (i + kAhead < rows.size()) __builtin_prefetch(table.row(rows[i + kAhead]));
      uint32_t& slot = table.row(rows[i])->slot;
      if (slot >= slot_rows_.size() || slot_rows_[slot] != rows[i]) {
        slot = static_cast<uint32_t>(slot_rows_.size());
        slot_rows_.push_back(rows[i]);
      }
      slots_[worker][i] = slot;
    }
  }
}

void GradientCombiner::CollectTerms(std::span<const GradientTerm> terms, uint32_t dim) {
  const auto for_each = [&](auto&& visit) {
    for (uint32_t t = 0; t < terms.size(); ++t) {
      const GradientTerm& term = terms[t];
      const std::vector<uint32_t>& slots = slots_[term.worker];
      const size_t m = term.all ? slots.size() : term.positions.size();
      for (size_t i = 0; i < m; ++i) {
        const size_t position = term.all ? i : term.positions[i] - term.first_position;
        visit(slots[position], t, term.gradients + i * dim);
      }
    }
  };
  part_begins_.assign(slot_rows_.size() + 1, 0);
  for_each([&](uint32_t slot, uint32_t, const float*) { ++part_begins_[slot + 1]; });
  for (size_t slot = 0; slot < slot_rows_.size(); ++slot)
    part_begins_[slot + 1] += part_begins_[slot];
  parts_.resize(part_begins_.back());
  for_each([&](uint32_t slot, uint32_t t, const float* gradient) {
    parts_[part_begins_[slot]++] = {t, gradient};  // begins become ends ...
  });
  for (size_t slot = slot_rows_.size(); slot > 0; --slot)
    part_begins_[slot] = part_begins_[slot - 1];
  part_begins_[0] = 0;  // ... and begins again
}

const float* GradientCombiner::Sum(uint32_t slot, std::span<const GradientTerm> terms, uint32_t dim,
                                   uint32_t grains) {
  const Part* const parts = parts_.data() + part_begins_[slot];
  const uint32_t count = part_begins_[slot + 1] - part_begins_[slot];
  if (count == 1) return parts[0].gradient;
  sums_.assign(size_t{std::max(count, 1u)} * dim, 0.0f);
  nodes_.resize(count);
  for (uint32_t i = 0; i < count; ++i) {
    nodes_[i] = terms[parts[i].term].node;
    std::copy_n(parts[i].gradient, dim, sums_.data() + size_t{i} * dim);
  }
  ReduceAlongTree(nodes_.data(), count, {0, grains}, 0, [&](uint32_t into, uint32_t from) {
    float* const a = sums_.data() + size_t{into} * dim;
    const float* const b = sums_.data() + size_t{from} * dim;
    for (uint32_t i = 0; i < dim; ++i) a[i] += b[i];
  });
  return sums_.data();
}

}  // namespace chorus::ps
