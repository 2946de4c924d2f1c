#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "common/key.h"
#include "common/strings.h"
#include "worker/import/delimited_row.h"
#include "worker/import/exported_rows.h"
#include "worker/import/key_id.h"

namespace chorus::worker {
namespace {

// Writes the rows of blocks as lines.
class ExportedLines final : public ExportedRows {
 public:
  ExportedLines(const LogSchema& schema, const std::vector<std::string>& header)
      : schema_(schema), header_(header) {
    for (const SlotInfo& slot : schema.slots) seeds_.push_back(SpaceSeed(slot.key_space));
  }

  std::string Head() const override { return Join(header_, "\t") + "\n"; }

  Status AppendRow(const Batch& block, uint32_t row, std::string* out) const override {
    RETURN_IF_ERROR(AppendRowId(block, row, out));
    if (schema_.has_click) out->append(block.click[row] != 0 ? "\t1" : "\t0");
    if (schema_.has_conversion) out->append(block.conversion[row] != 0 ? "\t1" : "\t0");
    if (schema_.has_weight) {
      out->push_back('\t');
      AppendExactFloat(block.weight.empty() ? 1.0f : block.weight[row], out);
    }
    if (schema_.has_group) {
      out->push_back('\t');
      AppendId(block.group[row], out);
    }
    if (schema_.has_time) out->append(StrCat("\t", block.time[row]));
    AppendSlots(block, row, out);
    AppendNumerics(block, row, out);
    out->push_back('\n');
    return Status::Ok();
  }

 private:
  Status AppendRowId(const Batch& block, uint32_t row, std::string* out) const {
    if (!schema_.has_row_id_text) {
      out->append(StrCat(block.row_id[row]));
      return Status::Ok();
    }
    const std::string& text = block.row_id_text[row];
    if (text.find_first_of(std::string_view("\t\n\r\0", 4)) != std::string::npos) {
      return InvalidArgument(StrCat("row ", row, ": its row id ", Shown(text),
                                    " has a tab, a line end or a NUL byte, which no cell of the "
                                    "text can hold"));
    }
    out->append(text);
    return Status::Ok();
  }

  void AppendSlots(const Batch& block, uint32_t row, std::string* out) const {
    size_t of_context = 0, of_exposure = 0;
    for (size_t s = 0; s < schema_.slots.size(); ++s) {
      const SlotInfo& info = schema_.slots[s];
      const SlotColumn& slot =
          info.context ? block.contexts.slots[of_context++] : block.exposures.slots[of_exposure++];
      out->push_back('\t');
      AppendIds(info, seeds_[s], slot, info.context ? block.context_of[row] : row, out);
    }
  }

  static void AppendIds(const SlotInfo& info, uint64_t seed, const SlotColumn& slot, uint32_t row,
                        std::string* out) {
    const uint32_t begin = slot.offsets[row];
    for (uint32_t k = begin; k < slot.offsets[row + 1]; ++k) {
      if (k > begin) out->push_back(',');
      AppendId(IdOfKey(seed, slot.keys[k]), out);
      if (!info.has_values) continue;
      out->push_back(':');
      AppendExactFloat(slot.values.empty() ? 1.0f : slot.values[k], out);
    }
  }

  void AppendNumerics(const Batch& block, uint32_t row, std::string* out) const {
    size_t of_context = 0, of_exposure = 0;
    for (const NumericInfo& info : schema_.numerics) {
      out->push_back('\t');
      AppendExactFloat(info.context ? block.contexts.numerics[of_context++][block.context_of[row]]
                                    : block.exposures.numerics[of_exposure++][row],
                       out);
    }
  }

  const LogSchema& schema_;
  const std::vector<std::string> header_;
  std::vector<uint64_t> seeds_;  // [slot], of key spaces
};

}  // namespace

std::unique_ptr<ExportedRows> NewExportedLines(const LogSchema& schema,
                                               const std::vector<std::string>& header) {
  return std::make_unique<ExportedLines>(schema, header);
}

// Those of the largest one are beyond all floats: it has as many as a double needs.
void AppendExactFloat(float value, std::string* out) {
  const auto exact = static_cast<double>(value);
  char text[32];
  const auto end =
      std::abs(value) == std::numeric_limits<float>::max()
          ? std::to_chars(text, text + sizeof(text), exact)
          : std::to_chars(text, text + sizeof(text), exact, std::chars_format::general, 9);
  out->append(text, end.ptr);
}

}  // namespace chorus::worker
