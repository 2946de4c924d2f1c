#include "worker/import/text_rows.h"

#include <utility>

#include "worker/import/cell_text.h"
#include "worker/import/chunk_filler.h"
#include "worker/import/line_piece.h"
#include "worker/import/text_cells.h"

namespace chorus::worker {
namespace {

class TextParser final : public PieceParser {
 public:
  TextParser(const TextTable& table, const ColumnPlan& plan)
      : table_(table),
        cutter_(table.NewCutter()),
        filler_(plan),
        columns_read_(ColumnsRead(plan)) {}

  void Parse(const RowPiece& piece, const TimeKinds& kinds, ParsedChunk* out) override {
    const LineChunk& lines = LinesOf(piece);
    filler_.Begin(kinds, out);
    cutter_.BeginChunk();
    if (lines.has_prologue && cutter_.Cut(lines.text_of(0), lines.lines[0].order) &&
        cutter_.malformed().ok()) {
      filler_.AddPrologue(cutter_.cells());
    }
    cutter_.TakeUnread();
    const auto count = static_cast<uint32_t>(lines.lines.size());
    for (uint32_t line = lines.has_prologue ? 1 : 0; line < count; ++line) {
      if (cutter_.Cut(lines.text_of(line), lines.lines[line].order)) {
        if (!IsAscii(lines.text_of(line)) && cutter_.malformed().ok()) NoteEncoding();
        filler_.Add(cutter_.cells(), cutter_.malformed(), line,
                    [&] { return table_.PlaceOf(lines.lines[line]); });
      } else {
        ++out->repeated_headers;
      }
    }
    filler_.End();
    out->unread = cutter_.TakeUnread();
  }

 private:
  void NoteEncoding() {
    for (const uint32_t column : columns_read_) {
      const std::string_view cell = cutter_.cells()[column];
      if (!IsUtf8(cell)) filler_.Note(CellNote::kNotUtf8, column, cell);
    }
  }

  const TextTable& table_;
  LineCutter cutter_;
  ChunkFiller<TextCells> filler_;
  const std::vector<uint32_t> columns_read_;
};

class TextRows final : public RowTable {
 public:
  explicit TextRows(std::unique_ptr<TextTable> table) : table_(std::move(table)) {}

  const std::vector<std::string>& columns() const override { return table_->columns(); }
  const std::vector<ColumnType>& types() const override { return types_; }
  Status Begin(const ColumnPlan& /*plan*/) override { return Status::Ok(); }

  Result<bool> NextPiece(std::unique_ptr<RowPiece>* piece) override {
    return table_->NextLines(kChunkBytes, LinesFor(piece));
  }

  Result<uint64_t> CountRows(const std::function<void(uint64_t)>& show) override {
    uint64_t rows = 0;
    while (true) {
      ASSIGN_OR_RETURN(const bool got, table_->Next());
      if (!got) return rows;
      show(++rows);
    }
  }

  std::unique_ptr<PieceParser> NewParser(const ColumnPlan& plan) const override {
    return std::make_unique<TextParser>(*table_, plan);
  }
  std::string PlaceOf(const RowPiece& piece, uint32_t place) const override {
    return table_->PlaceOf(LinesOf(piece).lines[place]);
  }
  SkippedText skipped() const override { return table_->skipped(); }

 private:
  const std::unique_ptr<TextTable> table_;
  const std::vector<ColumnType> types_;  // none: texts
};

}  // namespace

std::unique_ptr<RowTable> NewTextRows(std::unique_ptr<TextTable> table) {
  return std::make_unique<TextRows>(std::move(table));
}

}  // namespace chorus::worker
