#include "worker/import/column_rows.h"

#include <utility>

#include "common/strings.h"
#include "worker/import/batch_reader.h"
#include "worker/import/chunk_filler.h"
#include "worker/import/typed_cells.h"

namespace chorus::worker {
namespace {

// A batch, and the one before it, whose last row may have the context that this one goes on with.
struct ColumnPiece final : RowPiece {
  std::shared_ptr<const ColumnBatch> batch, before;
};

class ColumnParser final : public PieceParser {
 public:
  ColumnParser(const RowTable& table, const ColumnPlan& plan) : table_(table), filler_(plan) {}

  void Parse(const RowPiece& piece, const TimeKinds& kinds, ParsedChunk* out) override {
    const auto& [batch, before] = static_cast<const ColumnPiece&>(piece);
    filler_.Begin(kinds, out);
    if (before != nullptr) filler_.AddPrologue(TypedRow(before->columns, before->rows - 1));
    for (int64_t row = 0; row < batch->rows; ++row) {
      const auto place = static_cast<uint32_t>(row);
      filler_.Add(TypedRow(batch->columns, row), Status::Ok(), place,
                  [&] { return table_.PlaceOf(piece, place); });
    }
    filler_.End();
    out->unread = {};
  }

 private:
  const RowTable& table_;
  ChunkFiller<TypedCells> filler_;
};

class ColumnRows final : public RowTable {
 public:
  ColumnRows(std::vector<ColumnInput> inputs, uint32_t threads)
      : inputs_(std::move(inputs)), threads_(threads) {}

  Status Open() {
    auto first = inputs_[0].open();
    if (!first.ok()) return first.status().Annotate(inputs_[0].name);
    first_ = std::move(first).value();
    columns_ = first_->columns();
    for (const TypedColumn& column : columns_) {
      names_.push_back(column.name);
      types_.push_back(column.type);
    }
    return Status::Ok();
  }

  const std::vector<std::string>& columns() const override { return names_; }
  const std::vector<ColumnType>& types() const override { return types_; }

  Status Begin(const ColumnPlan& plan) override {
    ASSIGN_OR_RETURN(reader_, BatchReader::Create(inputs_, columns_, std::move(first_),
                                                  ColumnsRead(plan), threads_ > 1));
    return Status::Ok();
  }

  Result<bool> NextPiece(std::unique_ptr<RowPiece>* piece) override {
    ASSIGN_OR_RETURN(std::shared_ptr<const ColumnBatch> batch, reader_->Next());
    if (batch == nullptr) return false;
    auto next = std::make_unique<ColumnPiece>();
    next->before = std::exchange(last_, batch);
    next->batch = std::move(batch);
    *piece = std::move(next);
    return true;
  }

  // Files say how many they have.
  Result<uint64_t> CountRows(const std::function<void(uint64_t)>& show) override {
    uint64_t rows = 0;
    for (const ColumnInput& input : inputs_) {
      const auto source = input.open();
      if (!source.ok()) return source.status().Annotate(input.name);
      rows += (*source)->rows();
      show(rows);
    }
    return rows;
  }

  std::unique_ptr<PieceParser> NewParser(const ColumnPlan& plan) const override {
    return std::make_unique<ColumnParser>(*this, plan);
  }

  std::string PlaceOf(const RowPiece& piece, uint32_t place) const override {
    const ColumnBatch& batch = *static_cast<const ColumnPiece&>(piece).batch;
    return StrCat(inputs_[batch.input].name, ", row ", batch.first_row + place);
  }

  SkippedText skipped() const override {
    return {.empty_inputs = reader_ == nullptr ? 0 : reader_->empty_inputs()};
  }

 private:
  const std::vector<ColumnInput> inputs_;
  const uint32_t threads_;
  std::unique_ptr<ColumnSource> first_;  // until the rows are asked for
  std::vector<TypedColumn> columns_;
  std::vector<std::string> names_;
  std::vector<ColumnType> types_;
  std::unique_ptr<BatchReader> reader_;
  std::shared_ptr<const ColumnBatch> last_;
};

}  // namespace

Result<std::unique_ptr<RowTable>> OpenColumnRows(std::vector<ColumnInput> inputs,
                                                 uint32_t threads) {
  auto rows = std::make_unique<ColumnRows>(std::move(inputs), threads);
  RETURN_IF_ERROR(rows->Open());
  return std::unique_ptr<RowTable>(std::move(rows));
}

}  // namespace chorus::worker
