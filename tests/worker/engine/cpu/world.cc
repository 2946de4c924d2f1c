#include "tests/worker/engine/cpu/world.h"

#include <algorithm>

#include "common/random.h"

namespace chorus::worker {
namespace {

uint32_t Draw(uint64_t seed, uint64_t a, uint64_t b, uint32_t below) {
  return ToBelow(Random(seed, RandomPurpose::kTest, a, b), below);
}

// Rows of 0 to 4 keys of key_count keys (one-hot: 0 or 1, mostly 1), with repeats.
void FillSlot(uint64_t seed, const SlotInfo& info, uint32_t rows, uint32_t key_count,
              SlotColumn* column, std::vector<uint32_t>* positions) {
  column->offsets = {0};
  for (uint32_t i = 0; i < rows; ++i) {
    const uint32_t count =
        info.multi_valued ? Draw(seed, i, 0, 5) : (Draw(seed, i, 0, 8) > 0 ? 1 : 0);
    for (uint32_t k = 0; k < count; ++k) {
      const uint32_t key = Draw(seed, i, k + 1, key_count);
      positions->push_back(key);
      column->keys.push_back(1000 + key);
      if (info.has_values) {
        column->values.push_back(static_cast<float>(Draw(seed, i, k + 100, 9)) * 0.25f - 1.0f);
      }
    }
    column->offsets.push_back(static_cast<uint32_t>(column->keys.size()));
  }
}

// The keys of the rows `order`.
std::vector<uint32_t> RowsOfPositions(const SlotColumn& column,
                                      const std::vector<uint32_t>& positions,
                                      const std::vector<uint32_t>& order) {
  std::vector<uint32_t> out;
  for (const uint32_t row : order) {
    for (uint32_t k = column.offsets[row]; k < column.offsets[row + 1]; ++k) {
      out.push_back(positions[k]);
    }
  }
  return out;
}

SlotColumn RowsOfColumn(const SlotColumn& from, const std::vector<uint32_t>& order) {
  SlotColumn to;
  to.offsets = {0};
  for (uint32_t row : order) {
    for (uint32_t k = from.offsets[row]; k < from.offsets[row + 1]; ++k) {
      to.keys.push_back(from.keys[k]);
      if (!from.values.empty()) to.values.push_back(from.values[k]);
    }
    to.offsets.push_back(static_cast<uint32_t>(to.keys.size()));
  }
  return to;
}

}  // namespace

void TestGrain::PointAtEmbeddings(const std::vector<uint32_t>& dims) {
  rows.assign(embeddings.size(), {});
  row_tables.clear();
  for (size_t instance = 0; instance < embeddings.size(); ++instance) {
    for (size_t i = 0; i < embeddings[instance].size(); i += dims[instance]) {
      rows[instance].push_back(embeddings[instance].data() + i);
    }
    row_tables.push_back(rows[instance].data());
  }
}

TestGrain MakeGrain(const Model& model, const std::vector<uint32_t>& dims, uint64_t seed,
                    uint32_t exposures, uint32_t contexts) {
  TestGrain grain;
  const InputLayout& inputs = model.inputs;
  const uint32_t kKeys[] = {7, 9};
  for (uint32_t table = 0; table < inputs.tables; ++table)
    grain.key_count.push_back(kKeys[table % 2]);
  for (uint32_t instance = 0; instance < model.dims.size(); ++instance) {
    grain.embeddings.push_back(RandomFloats(
        grain.key_count[instance % inputs.tables] * dims[instance], seed + 50 + instance, 1.0f));
  }
  Batch& batch = grain.batch;
  batch.contexts.rows = contexts;
  batch.exposures.rows = exposures;
  grain.reads = inputs.slot_reads;
  for (const SlotInfo& info : TestSchema().slots) {
    FeatureColumns& side = info.context ? batch.contexts : batch.exposures;
    const auto& reads = info.context ? grain.reads.context : grain.reads.exposure;
    auto& positions = info.context ? grain.positions.context : grain.positions.exposure;
    positions.resize(reads.size());
    const size_t column = side.slots.size();
    uint32_t keys = kKeys[0];
    for (const SlotRead& read : reads) {
      if (read.column == column) keys = grain.key_count[read.table];
    }
    for (const SlotRead& read : reads) {
      if (read.column == column) keys = std::min(keys, grain.key_count[read.table]);
    }
    std::vector<uint32_t> drawn;
    FillSlot(seed * 16 + column + (info.context ? 8 : 0), info, side.rows, keys,
             &side.slots.emplace_back(), &drawn);
    bool first = true;
    for (size_t r = 0; r < reads.size(); ++r) {
      if (reads[r].column != column) continue;
      positions[r] = drawn;
      // In a further table keys have other positions.
      const uint32_t last = grain.key_count[reads[r].table] - 1;
      for (uint32_t& position : positions[r]) position = first ? position : last - position;
      first = false;
    }
  }
  batch.contexts.numerics = {RandomFloats(contexts, seed + 7, 1.0f)};
  batch.exposures.numerics = {RandomFloats(exposures, seed + 8, 1.0f)};
  for (uint32_t i = 0; i < exposures; ++i) {
    batch.row_id.push_back(Random(seed, RandomPurpose::kTest, i, 33));
    batch.context_of.push_back(i < contexts ? i : Draw(seed, i, 77, contexts));
  }
  grain.PointAtEmbeddings(dims);
  return grain;
}

TestGrain Expanded(const TestGrain& grain, const std::vector<uint32_t>& dims) {
  TestGrain expanded = grain;
  FeatureColumns& contexts = expanded.batch.contexts;
  contexts = {};
  contexts.rows = grain.batch.rows();
  for (size_t s = 0; s < grain.batch.contexts.slots.size(); ++s) {
    contexts.slots.push_back(RowsOfColumn(grain.batch.contexts.slots[s], grain.batch.context_of));
  }
  for (size_t r = 0; r < grain.reads.context.size(); ++r) {
    expanded.positions.context[r] =
        RowsOfPositions(grain.batch.contexts.slots[grain.reads.context[r].column],
                        grain.positions.context[r], grain.batch.context_of);
  }
  for (const std::vector<float>& column : grain.batch.contexts.numerics) {
    contexts.numerics.emplace_back();
    for (uint32_t context : grain.batch.context_of) {
      contexts.numerics.back().push_back(column[context]);
    }
  }
  for (uint32_t i = 0; i < contexts.rows; ++i) expanded.batch.context_of[i] = i;
  expanded.PointAtEmbeddings(dims);
  return expanded;
}

TestGrain RowsOf(const TestGrain& expanded, const std::vector<uint32_t>& order) {
  TestGrain picked = expanded;
  const auto pick = [&](const FeatureColumns& from, const auto& reads, const auto& from_positions,
                        FeatureColumns* to, auto* to_positions) {
    to->rows = static_cast<uint32_t>(order.size());
    for (size_t s = 0; s < from.slots.size(); ++s) {
      to->slots[s] = RowsOfColumn(from.slots[s], order);
    }
    for (size_t r = 0; r < reads.size(); ++r) {
      (*to_positions)[r] = RowsOfPositions(from.slots[reads[r].column], from_positions[r], order);
    }
    for (size_t n = 0; n < from.numerics.size(); ++n) {
      to->numerics[n].clear();
      for (uint32_t row : order) to->numerics[n].push_back(from.numerics[n][row]);
    }
  };
  pick(expanded.batch.contexts, expanded.reads.context, expanded.positions.context,
       &picked.batch.contexts, &picked.positions.context);
  pick(expanded.batch.exposures, expanded.reads.exposure, expanded.positions.exposure,
       &picked.batch.exposures, &picked.positions.exposure);
  picked.batch.row_id.clear();
  picked.batch.context_of.clear();
  for (uint32_t i = 0; i < order.size(); ++i) {
    picked.batch.row_id.push_back(expanded.batch.row_id[order[i]]);
    picked.batch.context_of.push_back(i);
  }
  return picked;
}

TestGrain Renumbered(const TestGrain& grain, const std::vector<uint32_t>& dims,
                     const std::vector<std::vector<uint32_t>>& renumber) {
  TestGrain other = grain;
  const auto renumbered = [&](const std::vector<SlotRead>& reads, auto* positions) {
    for (size_t r = 0; r < reads.size(); ++r) {
      for (uint32_t& p : (*positions)[r]) p = renumber[reads[r].table][p];
    }
  };
  renumbered(grain.reads.context, &other.positions.context);
  renumbered(grain.reads.exposure, &other.positions.exposure);
  for (size_t instance = 0; instance < grain.embeddings.size(); ++instance) {
    const std::vector<uint32_t>& to = renumber[instance % grain.key_count.size()];
    const uint32_t dim = dims[instance];
    for (uint32_t key = 0; key < to.size(); ++key) {
      std::copy_n(grain.embeddings[instance].begin() + key * dim, dim,
                  other.embeddings[instance].begin() + to[key] * dim);
    }
  }
  other.PointAtEmbeddings(dims);
  return other;
}

}  // namespace chorus::worker
