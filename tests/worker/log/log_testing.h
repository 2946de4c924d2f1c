#pragma once
// Small logs with every odd shape, for the tests of this folder.

#include <string>
#include <vector>

#include "common/check.h"
#include "common/random.h"
#include "worker/log/log_writer.h"

namespace chorus::worker::testing {

inline LogSchema FullSchema() {
  LogSchema schema;
  schema.slots = {{"user", "user", true, false, false},
                  {"history", "item", true, true, true},
                  {"item", "item", false, false, false},
                  {"tags", "tags", false, true, false},
                  {"cross", "cross", false, false, true}};
  schema.numerics = {{"age", true, false, 30, 10}, {"price", false, true, 2, 0.5}};
  schema.has_weight = schema.has_group = schema.has_time = true;
  return schema;
}

inline LogSchema PlainSchema() {
  LogSchema schema;
  schema.slots = {{"a", "a", false, false, false}, {"b", "b", false, true, false}};
  return schema;
}

inline uint64_t TestDraw(uint64_t seed, uint64_t a, uint64_t b) {
  return Random(seed, RandomPurpose::kTest, a, b);
}

inline void FillSide(const LogSchema& schema, bool context, uint32_t rows, uint64_t seed,
                     FeatureColumns* side) {
  side->rows = rows;
  for (size_t s = 0; s < schema.slots.size(); ++s) {
    const SlotInfo& info = schema.slots[s];
    if (info.context != context) continue;
    SlotColumn slot;
    slot.offsets.push_back(0);
    for (uint32_t row = 0; row < rows; ++row) {
      const uint32_t length = ToBelow(TestDraw(seed, s, row), info.multi_valued ? 6 : 10);
      const uint32_t keys = info.multi_valued ? length : (length > 0 ? 1 : 0);
      for (uint32_t k = 0; k < keys; ++k) {
        slot.keys.push_back(Mix(ToBelow(TestDraw(seed + 1, row * 64 + k, s), 40)));
        if (info.has_values) slot.values.push_back(0.25f * ToBelow(TestDraw(seed, k, row), 9));
      }
      slot.offsets.push_back(static_cast<uint32_t>(slot.keys.size()));
    }
    side->slots.push_back(std::move(slot));
  }
  for (size_t n = 0; n < schema.numerics.size(); ++n) {
    if (schema.numerics[n].context != context) continue;
    std::vector<float> column(rows);
    for (uint32_t row = 0; row < rows; ++row) {
      column[row] = static_cast<float>(ToUniform(TestDraw(seed, 100 + n, row)));
    }
    side->numerics.push_back(std::move(column));
  }
}

// `rows` exposures, row ids from `first_id` on, `per_context` consecutive ones per context.
inline Batch MakeBatch(const LogSchema& schema, uint32_t rows, uint32_t per_context,
                       uint64_t first_id, uint64_t seed = 7) {
  Batch batch;
  bool contexts = false;
  for (const SlotInfo& slot : schema.slots) contexts |= slot.context;
  for (const NumericInfo& numeric : schema.numerics) contexts |= numeric.context;
  const uint32_t context_rows = contexts ? (rows + per_context - 1) / per_context : 1;
  FillSide(schema, true, context_rows, seed + first_id, &batch.contexts);
  FillSide(schema, false, rows, seed + first_id + 1000, &batch.exposures);
  for (uint32_t row = 0; row < rows; ++row) {
    batch.context_of.push_back(contexts ? row / per_context : 0);
    batch.row_id.push_back(first_id + row);
    batch.click.push_back(ToBelow(TestDraw(seed, 1, first_id + row), 3) == 0);
    batch.conversion.push_back(ToBelow(TestDraw(seed, 2, first_id + row), 4) == 0);
    if (schema.has_weight) batch.weight.push_back(1.0f + static_cast<float>(row % 3));
    if (schema.has_group) batch.group.push_back(Mix(row / 5));
    if (schema.has_time) batch.time.push_back(static_cast<int64_t>(row) * 3 - 20);
    if (schema.has_row_id_text) batch.row_id_text.emplace_back(row % 4, 'x');
  }
  return batch;
}

inline bool SameColumns(const FeatureColumns& a, const FeatureColumns& b) {
  if (a.rows != b.rows || a.slots.size() != b.slots.size() || a.numerics != b.numerics)
    return false;
  for (size_t s = 0; s < a.slots.size(); ++s) {
    if (a.slots[s].offsets != b.slots[s].offsets || a.slots[s].keys != b.slots[s].keys ||
        a.slots[s].values != b.slots[s].values) {
      return false;
    }
  }
  return true;
}

inline bool SameBatch(const Batch& a, const Batch& b) {
  return SameColumns(a.contexts, b.contexts) && SameColumns(a.exposures, b.exposures) &&
         a.context_of == b.context_of && a.row_id == b.row_id && a.click == b.click &&
         a.conversion == b.conversion && a.weight == b.weight && a.group == b.group &&
         a.time == b.time && a.row_id_text == b.row_id_text;
}

inline void WriteLog(FileSystem& files, const std::string& path, const LogSchema& schema,
                     const std::vector<Batch>& blocks) {
  auto writer = LogWriter::Create(files, path, schema);
  CHECK(writer.ok(), writer.status().message());
  for (const Batch& block : blocks) CHECK((*writer)->AddBlock(EncodeBlock(schema, block)).ok());
  CHECK((*writer)->Finish().ok());
}

}  // namespace chorus::worker::testing
