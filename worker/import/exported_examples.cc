#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "common/key.h"
#include "common/strings.h"
#include "worker/import/example_writer.h"
#include "worker/import/exported_rows.h"
#include "worker/import/key_id.h"

namespace chorus::worker {
namespace {

class ExportedExamples final : public ExportedRows {
 public:
  ExportedExamples(const LogSchema& schema, const std::vector<std::string>& header)
      : schema_(schema), header_(header) {
    for (const SlotInfo& slot : schema.slots) seeds_.push_back(SpaceSeed(slot.key_space));
  }

  std::string Head() const override { return ""; }

  Status AppendRow(const Batch& block, uint32_t row, std::string* out) const override {
    RowFeatures features{header_.begin()};
    RETURN_IF_ERROR(AddRowId(block, row, &features));
    if (schema_.has_click) AddInteger(block.click[row], &features);
    if (schema_.has_conversion) AddInteger(block.conversion[row], &features);
    if (schema_.has_weight) AddFloat(block.weight.empty() ? 1.0f : block.weight[row], &features);
    if (schema_.has_group) AddInteger(static_cast<int64_t>(block.group[row]), &features);
    if (schema_.has_time) AddInteger(block.time[row], &features);
    AddSlots(block, row, &features);
    AddNumerics(block, row, &features);
    features.writer.Finish(out);
    return Status::Ok();
  }

 private:
  struct RowFeatures {
    std::vector<std::string>::const_iterator name;  // of the next one
    ExampleWriter writer = {};
    std::vector<int64_t> ids = {};
  };

  static void AddInteger(int64_t value, RowFeatures* out) {
    out->writer.AddIntegers(*out->name++, {&value, 1});
  }
  static void AddFloat(float value, RowFeatures* out) {
    out->writer.AddFloats(*out->name++, {&value, 1});
  }

  Status AddRowId(const Batch& block, uint32_t row, RowFeatures* out) const {
    if (schema_.has_row_id_text) {
      out->writer.AddBytes(*out->name++, block.row_id_text[row]);
      return Status::Ok();
    }
    const uint64_t id = block.row_id[row];
    if (id > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
      return InvalidArgument(StrCat("row ", row, ": its row id ", id,
                                    " is beyond 2^63 - 1, the largest integer of tf.Example; "
                                    "text holds it"));
    }
    AddInteger(static_cast<int64_t>(id), out);
    return Status::Ok();
  }

  void AddSlots(const Batch& block, uint32_t row, RowFeatures* out) const {
    size_t of_context = 0, of_exposure = 0;
    for (size_t s = 0; s < schema_.slots.size(); ++s) {
      const SlotInfo& info = schema_.slots[s];
      const SlotColumn& slot =
          info.context ? block.contexts.slots[of_context++] : block.exposures.slots[of_exposure++];
      const uint32_t at = info.context ? block.context_of[row] : row;
      if (info.has_values && !info.multi_valued) {
        AddPiece(seeds_[s], slot, at, out);
      } else {
        AddIds(info, seeds_[s], slot, at, out);
      }
    }
  }

  // Ids as the integers of 64 bits that they are, in two's complement; their values beside them.
  static void AddIds(const SlotInfo& info, uint64_t seed, const SlotColumn& slot, uint32_t row,
                     RowFeatures* out) {
    const uint32_t begin = slot.offsets[row], end = slot.offsets[row + 1];
    out->ids.clear();
    for (uint32_t k = begin; k < end; ++k) {
      out->ids.push_back(static_cast<int64_t>(IdOfKey(seed, slot.keys[k])));
    }
    out->writer.AddIntegers(*out->name++, out->ids);
    if (!info.has_values) return;
    if (slot.values.empty()) {
      out->writer.AddFloats(*out->name++, std::vector<float>(end - begin, 1.0f));
    } else {
      out->writer.AddFloats(*out->name++, {slot.values.data() + begin, end - begin});
    }
  }

  // "id:value", or "" without an id.
  static void AddPiece(uint64_t seed, const SlotColumn& slot, uint32_t row, RowFeatures* out) {
    std::string piece;
    if (const uint32_t k = slot.offsets[row]; k < slot.offsets[row + 1]) {
      AppendId(IdOfKey(seed, slot.keys[k]), &piece);
      piece.push_back(':');
      AppendExactFloat(slot.values.empty() ? 1.0f : slot.values[k], &piece);
    }
    out->writer.AddBytes(*out->name++, piece);
  }

  void AddNumerics(const Batch& block, uint32_t row, RowFeatures* out) const {
    size_t of_context = 0, of_exposure = 0;
    for (const NumericInfo& info : schema_.numerics) {
      AddFloat(info.context ? block.contexts.numerics[of_context++][block.context_of[row]]
                            : block.exposures.numerics[of_exposure++][row],
               out);
    }
  }

  const LogSchema& schema_;
  const std::vector<std::string> header_;
  std::vector<uint64_t> seeds_;  // [slot], of key spaces
};

}  // namespace

std::unique_ptr<ExportedRows> NewExportedExamples(const LogSchema& schema,
                                                  const std::vector<std::string>& header) {
  return std::make_unique<ExportedExamples>(schema, header);
}

}  // namespace chorus::worker
