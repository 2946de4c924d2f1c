#include "tests/worker/engine/cpu/world.h"

#include <algorithm>
#include <cstdlib>

#include "common/check.h"
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

void CopySlotRows(const SlotColumn& from, const std::vector<uint32_t>& from_positions,
                  const std::vector<uint32_t>& order, SlotColumn* to,
                  std::vector<uint32_t>* to_positions) {
  to->offsets = {0};
  for (uint32_t row : order) {
    for (uint32_t k = from.offsets[row]; k < from.offsets[row + 1]; ++k) {
      to->keys.push_back(from.keys[k]);
      to_positions->push_back(from_positions[k]);
      if (!from.values.empty()) to->values.push_back(from.values[k]);
    }
    to->offsets.push_back(static_cast<uint32_t>(to->keys.size()));
  }
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
  for (const SlotInfo& info : TestSchema().slots) {
    FeatureColumns& side = info.context ? batch.contexts : batch.exposures;
    auto& positions = info.context ? grain.positions.context : grain.positions.exposure;
    const size_t column = side.slots.size();
    const SlotTables& tables = inputs.slot_tables;
    const int table = (info.context ? tables.context : tables.exposure)[column];
    side.slots.emplace_back();
    positions.emplace_back();
    FillSlot(seed * 16 + column + (info.context ? 8 : 0), info, side.rows,
             grain.key_count[table == kNoTable ? 0 : table], &side.slots.back(), &positions.back());
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
    contexts.slots.emplace_back();
    expanded.positions.context[s].clear();
    CopySlotRows(grain.batch.contexts.slots[s], grain.positions.context[s], grain.batch.context_of,
                 &contexts.slots.back(), &expanded.positions.context[s]);
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
  const auto pick = [&](const FeatureColumns& from, const auto& from_positions, FeatureColumns* to,
                        auto* to_positions) {
    to->rows = static_cast<uint32_t>(order.size());
    for (size_t s = 0; s < from.slots.size(); ++s) {
      to->slots[s] = {};
      (*to_positions)[s].clear();
      CopySlotRows(from.slots[s], from_positions[s], order, &to->slots[s], &(*to_positions)[s]);
    }
    for (size_t n = 0; n < from.numerics.size(); ++n) {
      to->numerics[n].clear();
      for (uint32_t row : order) to->numerics[n].push_back(from.numerics[n][row]);
    }
  };
  pick(expanded.batch.contexts, expanded.positions.context, &picked.batch.contexts,
       &picked.positions.context);
  pick(expanded.batch.exposures, expanded.positions.exposure, &picked.batch.exposures,
       &picked.positions.exposure);
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
  const std::vector<int> tables_of_contexts = {0, 1};   // user, history
  const std::vector<int> tables_of_exposures = {0, 1};  // item, tags
  for (size_t s = 0; s < 2; ++s) {
    for (uint32_t& p : other.positions.context[s]) p = renumber[tables_of_contexts[s]][p];
    for (uint32_t& p : other.positions.exposure[s]) p = renumber[tables_of_exposures[s]][p];
  }
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
