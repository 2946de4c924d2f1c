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

// Finds the distinct rows without a hash table: a row's header remembers the cell that it had last
// time, in this call or an earlier one. The memory is right if that cell holds this very row;
// otherwise it is overwritten. This is a sparse set, in which nothing needs to be cleared from call
// to call.
void GradientCombiner::AssignCells(const Table& table, std::span<const WorkerRows> workers) {
  cell_rows_.clear();
  cells_.resize(workers.size());
  for (size_t worker = 0; worker < workers.size(); ++worker) {
    const auto rows = workers[worker].rows;
    cells_[worker].resize(rows.size());
    for (size_t i = 0; i < rows.size(); ++i) {
      if (i + kAhead < rows.size()) __builtin_prefetch(table.row(rows[i + kAhead]));
      uint32_t& cell = table.row(rows[i])->cell;
      if (cell >= cell_rows_.size() || cell_rows_[cell] != rows[i]) {
        cell = static_cast<uint32_t>(cell_rows_.size());
        cell_rows_.push_back(rows[i]);
      }
      cells_[worker][i] = cell;
    }
  }
}

// A counting sort of all gradients by cell. Terms are visited in the order of their nodes, and the
// sort keeps it, so that Sum finds the parts of a cell in the order that the tree asks for.
void GradientCombiner::CollectTerms(std::span<const GradientTerm> terms, uint32_t dim) {
  const auto for_each = [&](auto&& visit) {
    for (uint32_t t = 0; t < terms.size(); ++t) {
      const GradientTerm& term = terms[t];
      const std::vector<uint32_t>& cells = cells_[term.worker];
      const size_t m = term.all ? cells.size() : term.positions.size();
      for (size_t i = 0; i < m; ++i) {
        const size_t position = term.all ? i : term.positions[i] - term.first_position;
        visit(cells[position], t, term.gradients + i * dim);
      }
    }
  };
  part_begins_.assign(cell_rows_.size() + 1, 0);
  for_each([&](uint32_t cell, uint32_t, const float*) { ++part_begins_[cell + 1]; });
  for (size_t cell = 0; cell < cell_rows_.size(); ++cell)
    part_begins_[cell + 1] += part_begins_[cell];
  parts_.resize(part_begins_.back());
  for_each([&](uint32_t cell, uint32_t t, const float* gradient) {
    parts_[part_begins_[cell]++] = {t, gradient};  // begins become ends ...
  });
  for (size_t cell = cell_rows_.size(); cell > 0; --cell)
    part_begins_[cell] = part_begins_[cell - 1];
  part_begins_[0] = 0;  // ... and begins again
}

const float* GradientCombiner::Sum(uint32_t cell, std::span<const GradientTerm> terms, uint32_t dim,
                                   uint32_t grains) {
  const Part* const parts = parts_.data() + part_begins_[cell];
  const uint32_t count = part_begins_[cell + 1] - part_begins_[cell];
  if (count == 1) return parts[0].gradient;
  // No part at all: the row was looked up and got no gradient. It is updated with zero, since decay
  // and moments act on every row that a step looked up.
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
