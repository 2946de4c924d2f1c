#include "perf/support/random_log.h"

#include <algorithm>
#include <memory>

#include "common/key.h"
#include "common/random.h"
#include "common/strings.h"
#include "worker/log/log_writer.h"
#include "worker/synthetic/zipf.h"

namespace chorus::perf {
namespace {

constexpr uint64_t kBlockRows = 2048;

worker::LogSchema SchemaOf(const RandomLogShape& shape) {
  worker::LogSchema schema;
  for (uint32_t s = 0; s < shape.context_slots + shape.exposure_slots; ++s) {
    worker::SlotInfo slot;
    slot.name = StrCat("s", s);
    slot.key_space = slot.name;
    slot.context = s < shape.context_slots;
    slot.multi_valued = slot.context;
    schema.slots.push_back(slot);
  }
  return schema;
}

class BlockMaker {
 public:
  explicit BlockMaker(const RandomLogShape& shape)
      : shape_(shape), zipf_(shape.ids_per_slot, shape.exponent) {}

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
    }
    batch.contexts = Features(0, shape_.context_slots, shape_.tokens_per_slot, first_context,
                              batch.context_of.back() + 1);
    batch.exposures = Features(shape_.context_slots, shape_.exposure_slots, 1, first_row, rows);
    return batch;
  }

 private:
  worker::FeatureColumns Features(uint32_t first_slot, uint32_t slots, uint32_t tokens,
                                  uint64_t first, uint32_t rows) const {
    worker::FeatureColumns columns;
    columns.rows = rows;
    for (uint32_t s = first_slot; s < first_slot + slots; ++s) {
      const uint64_t space = SpaceSeed(StrCat("s", s));
      worker::SlotColumn& column = columns.slots.emplace_back();
      column.offsets.push_back(0);
      for (uint64_t row = first; row < first + rows; ++row) {
        for (uint32_t token = 0; token < tokens; ++token) {
          column.keys.push_back(
              MakeKey(space, zipf_.Draw(Random(2, RandomPurpose::kTest, uint64_t{s}, row, token))));
        }
        column.offsets.push_back(static_cast<uint32_t>(column.keys.size()));
      }
    }
    return columns;
  }

  const RandomLogShape shape_;
  const worker::Zipf zipf_;
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
