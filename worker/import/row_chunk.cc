#include "worker/import/row_chunk.h"

#include <utility>

namespace chorus::worker {

ChunkParser::ChunkParser(const TextTable& table, const ColumnPlan& plan)
    : table_(table), cutter_(table.NewCutter()), parser_(plan) {}

void ChunkParser::Parse(const LineChunk& lines, const TimeKinds& kinds, ParsedChunk* out) {
  out->count = 0;
  out->context_count = 0;
  out->continues = false;
  out->repeated_headers = 0;
  cutter_.BeginChunk();
  parser_.Begin(kinds);
  context_serial_ = 0;
  if (lines.has_prologue) {
    ParsePrologue(lines, out);
    parser_.SetTimeKinds(kinds);
  }
  parser_.TakeNotes();
  cutter_.TakeUnread();
  const auto count = static_cast<uint32_t>(lines.lines.size());
  for (uint32_t line = lines.has_prologue ? 1 : 0; line < count; ++line) {
    ParseLine(lines, line, out);
  }
  out->notes = parser_.TakeNotes();
  out->unread = cutter_.TakeUnread();
  out->after = parser_.time_kinds();
}

// The line before the chunk may have the context that the chunk's first rows go on with.
void ChunkParser::ParsePrologue(const LineChunk& lines, ParsedChunk* out) {
  if (!cutter_.Cut(lines.text_of(0)) || !cutter_.malformed().ok()) return;
  if (!parser_.Parse(cutter_.cells(), 0, &scratch_).ok()) return;
  AddContext(out);
  out->continues = true;
}

void ChunkParser::ParseLine(const LineChunk& lines, uint32_t line, ParsedChunk* out) {
  if (!cutter_.Cut(lines.text_of(line))) {
    ++out->repeated_headers;
    return;
  }
  if (out->count == out->rows.size()) out->rows.emplace_back();
  ParsedChunk::Row& row = out->rows[out->count];
  row.line = line;
  row.status = cutter_.malformed();
  if (row.status.ok()) row.status = parser_.Parse(cutter_.cells(), out->count, &scratch_);
  if (parser_.notes().wants_place()) parser_.notes().SetPlace(table_.PlaceOf(lines.lines[line]));
  ++out->count;
  if (!row.status.ok()) return;
  row.context = AddContext(out);
  std::swap(scratch_.context, parked_context_);
  row.parsed = scratch_;
  std::swap(scratch_.context, parked_context_);
}

uint32_t ChunkParser::AddContext(ParsedChunk* out) {
  if (scratch_.context_serial != context_serial_) {
    context_serial_ = scratch_.context_serial;
    if (out->context_count == out->contexts.size()) out->contexts.emplace_back();
    out->contexts[out->context_count++] = scratch_.context;
  }
  return out->context_count - 1;
}

}  // namespace chorus::worker
