#pragma once
// Parses rows into a chunk: first the last row before it, whose context the chunk's first rows may
// go on with, then its own. Thread safety: none; one thread parses.

#include <cstdint>
#include <string_view>

#include "common/status.h"
#include "worker/import/parsed_chunk.h"
#include "worker/import/row_parser.h"

namespace chorus::worker {

template <typename Cells>
class ChunkFiller {
 public:
  using Row = typename Cells::Row;

  // `plan` must outlive the filler.
  explicit ChunkFiller(const ColumnPlan& plan) : plan_(plan), parser_(plan) {}

  // kinds: those of the times of earlier rows, where they are known.
  void Begin(const TimeKinds& kinds, ParsedChunk* out) {
    out_ = out;
    kinds_ = kinds;
    out->count = 0;
    out->context_count = 0;
    out->continues = false;
    out->repeated_headers = 0;
    parser_.Begin(kinds);
    parser_.TakeNotes();
    context_serial_ = 0;
  }

  // The last row before the chunk; it comes before all others, or not at all.
  void AddPrologue(const Row& row) {
    const bool good = parser_.Parse(row, 0, &prologue_, &context_).ok();
    parser_.SetTimeKinds(kinds_);
    parser_.TakeNotes();
    if (!good) return;
    AddContext(prologue_.context_serial);
    out_->continues = true;
  }

  // malformed: why the row cannot be parsed, or OK. place: where the row is; place_of(): the same
  // for a person.
  template <typename PlaceOf>
  void Add(const Row& row, const Status& malformed, uint32_t place, const PlaceOf& place_of) {
    if (out_->count == out_->rows.size()) out_->rows.emplace_back();
    ParsedChunk::Row& parsed = out_->rows[out_->count];
    parsed.place = place;
    parsed.status = malformed;
    if (plan_.scoring) Show(row, malformed.ok());
    if (malformed.ok()) {
      parsed.status = parser_.Parse(row, out_->count, &parsed.parsed, &context_);
    }
    if (parser_.notes().wants_place()) parser_.notes().SetPlace(place_of());
    ++out_->count;
    if (!parsed.status.ok()) return;
    parsed.context = AddContext(parsed.parsed.context_serial);
  }

  // Notes something about a cell of the row that Add takes next.
  void Note(CellNote note, uint32_t column, std::string_view cell) {
    parser_.notes().Add(note, column, cell);
  }

  void End() {
    out_->notes = parser_.TakeNotes();
    out_->after = parser_.time_kinds();
  }

 private:
  void Show(const Row& row, bool has_cells) {
    out_->shown.resize(out_->count + size_t{1});
    SourceRow& shown = out_->shown[out_->count];
    shown = {};
    if (!has_cells) return;
    const auto& cells = parser_.cells();
    if (plan_.shown_click) shown.click = cells.ShownLabel(row[*plan_.shown_click]);
    if (plan_.shown_conversion) {
      const auto cell = row[*plan_.shown_conversion];
      // As in an import, the conversion of a row without a click may be missing: it is 0.
      const bool none = cells.IsMissing(cell) && *shown.click == '0';
      shown.conversion = none ? "0" : cells.ShownLabel(cell);
    }
    if (plan_.row_id) shown.id = cells.ShownId(row[*plan_.row_id]);
  }

  uint32_t AddContext(uint64_t serial) {
    if (serial != context_serial_) {
      context_serial_ = serial;
      if (out_->context_count == out_->contexts.size()) out_->contexts.emplace_back();
      out_->contexts[out_->context_count++] = context_;
    }
    return out_->context_count - 1;
  }

  const ColumnPlan& plan_;
  RowParserOf<Cells> parser_;
  ParsedChunk* out_ = nullptr;
  TimeKinds kinds_;
  ParsedRow prologue_;
  ParsedSide context_;           // of the row that was parsed last
  uint64_t context_serial_ = 0;  // of the chunk's last context
};

}  // namespace chorus::worker
