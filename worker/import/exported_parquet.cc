#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/key.h"
#include "worker/columns/arrow_writer.h"
#include "worker/import/exported_rows.h"
#include "worker/import/key_id.h"

namespace chorus::worker {
namespace {

class ExportedParquet final : public ExportedBlocks {
 public:
  explicit ExportedParquet(const LogSchema& schema) : schema_(schema) {
    for (const SlotInfo& slot : schema.slots) seeds_.push_back(SpaceSeed(slot.key_space));
  }

  Status Open(const std::vector<std::string>& header, TakeExportedBytes take) {
    MakeColumns(header);
    ASSIGN_OR_RETURN(file_, ArrowFileWriter::Open(&columns_, std::move(take)));
    return Status::Ok();
  }

  Status Add(const Batch& block) override {
    for (MadeColumn& column : columns_) column.Clear();
    next_ = 0;
    AddMeta(block);
    size_t of_context = 0, of_exposure = 0;
    for (size_t s = 0; s < schema_.slots.size(); ++s) {
      const SlotInfo& info = schema_.slots[s];
      AddSlot(
          block, info, seeds_[s],
          info.context ? block.contexts.slots[of_context++] : block.exposures.slots[of_exposure++]);
    }
    of_context = of_exposure = 0;
    for (const NumericInfo& info : schema_.numerics) {
      MadeColumn& column = Next();
      const std::vector<float>& numbers = info.context ? block.contexts.numerics[of_context++]
                                                       : block.exposures.numerics[of_exposure++];
      for (uint32_t row = 0; row < block.rows(); ++row) {
        column.Add(numbers[info.context ? block.context_of[row] : row]);
      }
    }
    return file_->Write(&columns_);
  }

  Status Finish() override { return file_->Finish(); }

 private:
  using Type = MadeColumn::Type;
  using Shape = MadeColumn::Shape;

  // In the order of the header (exported_columns.cc), which Add keeps as well.
  void MakeColumns(const std::vector<std::string>& header) {
    auto name = header.begin();
    const auto make = [&](bool is_there, Type type, Shape shape) {
      if (is_there) columns_.emplace_back(*name++, type, shape);
    };
    make(true, schema_.has_row_id_text ? Type::kText : Type::kUint64, Shape::kOne);
    make(schema_.has_click, Type::kInt8, Shape::kOne);
    make(schema_.has_conversion, Type::kInt8, Shape::kOne);
    make(schema_.has_weight, Type::kFloat, Shape::kOne);
    make(schema_.has_group, Type::kInt64, Shape::kOne);
    make(schema_.has_time, Type::kInt64, Shape::kOne);
    for (const SlotInfo& info : schema_.slots) {
      const bool piece = info.has_values && !info.multi_valued;
      make(true, piece ? Type::kText : Type::kInt64,
           info.multi_valued ? Shape::kList : Shape::kOptional);
      make(info.has_values && info.multi_valued, Type::kFloat, Shape::kList);
    }
    for (size_t i = 0; i < schema_.numerics.size(); ++i) make(true, Type::kFloat, Shape::kOne);
  }

  MadeColumn& Next() { return columns_[next_++]; }

  void AddMeta(const Batch& block) {
    MadeColumn& row_id = Next();
    for (uint32_t row = 0; row < block.rows(); ++row) {
      if (schema_.has_row_id_text) {
        row_id.AddText(block.row_id_text[row]);
      } else {
        row_id.Add(block.row_id[row]);
      }
    }
    const auto labels = [&](const std::vector<uint8_t>& of) {
      MadeColumn& column = Next();
      for (uint32_t row = 0; row < block.rows(); ++row) column.Add(static_cast<int8_t>(of[row]));
    };
    if (schema_.has_click) labels(block.click);
    if (schema_.has_conversion) labels(block.conversion);
    if (schema_.has_weight) {
      MadeColumn& weight = Next();
      for (uint32_t row = 0; row < block.rows(); ++row) {
        weight.Add(block.weight.empty() ? 1.0f : block.weight[row]);
      }
    }
    if (schema_.has_group) {
      MadeColumn& group = Next();
      for (const uint64_t id : block.group) group.Add(static_cast<int64_t>(id));
    }
    if (schema_.has_time) {
      MadeColumn& time = Next();
      for (const int64_t seconds : block.time) time.Add(seconds);
    }
  }

  // Ids as the integers of 64 bits that they are, in two's complement, and their values beside
  // them; of a slot of one id with a value the text "id:value".
  void AddSlot(const Batch& block, const SlotInfo& info, uint64_t seed, const SlotColumn& slot) {
    MadeColumn& ids = Next();
    MadeColumn* const values = info.has_values && info.multi_valued ? &Next() : nullptr;
    std::string piece;
    for (uint32_t row = 0; row < block.rows(); ++row) {
      const uint32_t at = info.context ? block.context_of[row] : row;
      for (uint32_t k = slot.offsets[at]; k < slot.offsets[at + 1]; ++k) {
        const uint64_t id = IdOfKey(seed, slot.keys[k]);
        const float value = slot.values.empty() ? 1.0f : slot.values[k];
        if (info.has_values && !info.multi_valued) {
          piece.clear();
          AppendId(id, &piece);
          piece.push_back(':');
          AppendExactFloat(value, &piece);
          ids.AddText(piece);
        } else {
          ids.Add(static_cast<int64_t>(id));
        }
        if (values != nullptr) values->Add(value);
      }
      ids.EndRow();
      if (values != nullptr) values->EndRow();
    }
  }

  const LogSchema& schema_;
  std::vector<uint64_t> seeds_;  // [slot], of key spaces
  std::vector<MadeColumn> columns_;
  size_t next_ = 0;  // column that is to be filled
  std::unique_ptr<ArrowFileWriter> file_;
};

}  // namespace

Result<std::unique_ptr<ExportedBlocks>> NewExportedParquet(const LogSchema& schema,
                                                           const std::vector<std::string>& header,
                                                           TakeExportedBytes take) {
  auto exported = std::make_unique<ExportedParquet>(schema);
  RETURN_IF_ERROR(exported->Open(header, std::move(take)));
  return std::unique_ptr<ExportedBlocks>(std::move(exported));
}

}  // namespace chorus::worker
