#include "perf/support/random_log.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "common/key.h"
#include "common/random.h"
#include "common/strings.h"
#include "worker/log/log_writer.h"
#include "worker/synthetic/zipf.h"

namespace chorus::perf {
namespace {

constexpr uint64_t kBlockRows = 2048;

// The shape's slots, contexts' first.
std::vector<RandomSlot> SlotsOf(const RandomLogShape& shape) {
  if (!shape.slots.empty()) {
    std::vector<RandomSlot> slots = shape.slots;
    std::stable_partition(slots.begin(), slots.end(),
                          [](const auto& slot) { return slot.context; });
    return slots;
  }
  std::vector<RandomSlot> slots(shape.context_slots,
                                {shape.ids_per_slot, shape.tokens_per_slot, true, false});
  slots.resize(shape.context_slots + shape.exposure_slots, {shape.ids_per_slot, 1, false, false});
  return slots;
}

worker::LogSchema SchemaOf(const RandomLogShape& shape) {
  worker::LogSchema schema;
  for (const RandomSlot& from : SlotsOf(shape)) {
    worker::SlotInfo& slot = schema.slots.emplace_back();
    slot.name = StrCat("s", schema.slots.size() - 1);
    slot.key_space = slot.name;
    slot.context = from.context;
    slot.multi_valued = from.context || from.tokens > 1;
    slot.has_values = from.values;
  }
  for (uint32_t n = 0; n < shape.context_numerics + shape.numerics; ++n) {
    schema.numerics.push_back({StrCat("n", n), n < shape.context_numerics});
  }
  schema.has_weight = shape.weights;
  return schema;
}

class BlockMaker {
 public:
  explicit BlockMaker(const RandomLogShape& shape) : shape_(shape), slots_(SlotsOf(shape)) {
    for (const RandomSlot& slot : slots_) {
      laws_.emplace_back(slot.ids, shape.exponent);
      spaces_.push_back(SpaceSeed(StrCat("s", spaces_.size())));
    }
  }

  worker::Batch Make(uint64_t first_row, uint32_t rows) const {
    worker::Batch batch;
    const uint64_t first_context = first_row / shape_.rows_per_context;
    for (uint32_t i = 0; i < rows; ++i) {
      const uint64_t row = first_row + i;
      batch.row_id.push_back(row);
      batch.context_of.push_back(
          static_cast<uint32_t>(row / shape_.rows_per_context - first_context));
      const bool click = ToUniform(Random(1, RandomPurpose::kTest, row, 0)) < shape_.ctr;
      batch.click.push_back(click);
      batch.conversion.push_back(click &&
                                 ToUniform(Random(1, RandomPurpose::kTest, row, 1)) < shape_.cvr);
      if (shape_.weights) batch.weight.push_back(static_cast<float>(row % 4) * 0.5f);
    }
    batch.contexts = Features(true, first_context, batch.context_of.back() + 1);
    batch.exposures = Features(false, first_row, rows);
    return batch;
  }

 private:
  worker::FeatureColumns Features(bool context, uint64_t first, uint32_t rows) const {
    worker::FeatureColumns columns;
    columns.rows = rows;
    for (uint32_t s = 0; s < slots_.size(); ++s) {
      if (slots_[s].context != context) continue;
      worker::SlotColumn& column = columns.slots.emplace_back();
      column.offsets.push_back(0);
      const uint64_t equal = context ? shape_.equal_contexts : 1;
      for (uint64_t row = first; row < first + rows; ++row) AddTokens(s, row / equal, &column);
    }
    for (uint32_t n = 0; n < (context ? shape_.context_numerics : shape_.numerics); ++n) {
      std::vector<float>& column = columns.numerics.emplace_back();
      for (uint64_t row = first; row < first + rows; ++row) {
        column.push_back(
            static_cast<float>(ToUniform(Random(3, RandomPurpose::kTest, uint64_t{n}, row))));
      }
    }
    return columns;
  }

  void AddTokens(uint32_t s, uint64_t row, worker::SlotColumn* column) const {
    for (uint32_t token = 0; token < slots_[s].tokens; ++token) {
      const uint64_t bits = Random(2, RandomPurpose::kTest, uint64_t{s}, row, token);
      column->keys.push_back(MakeKey(spaces_[s], laws_[s].Draw(bits)));
      if (slots_[s].values) column->values.push_back(0.25f + static_cast<float>(token % 3));
    }
    column->offsets.push_back(static_cast<uint32_t>(column->keys.size()));
  }

  const RandomLogShape shape_;
  const std::vector<RandomSlot> slots_;
  std::vector<worker::Zipf> laws_;  // [slots]
  std::vector<uint64_t> spaces_;    // [slots]
};

}  // namespace

Status WriteRandomLog(const RandomLogShape& shape, FileSystem& files, const std::string& path) {
  const worker::LogSchema schema = SchemaOf(shape);
  ASSIGN_OR_RETURN(const std::unique_ptr<worker::LogWriter> writer,
                   worker::LogWriter::Create(files, path, schema));
  const BlockMaker maker(shape);
  for (uint64_t row = 0; row < shape.rows; row += kBlockRows) {
    const auto rows = static_cast<uint32_t>(std::min(kBlockRows, shape.rows - row));
    RETURN_IF_ERROR(writer->AddBlock(worker::EncodeBlock(schema, maker.Make(row, rows))));
  }
  return writer->Finish();
}

}  // namespace chorus::perf
