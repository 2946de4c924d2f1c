#pragma once
// A piece of a text: its lines, and its rows as one thread parses them, without knowing the lines
// before it, but for the last of them. Thread safety: values; a ChunkParser belongs to one thread.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/status.h"
#include "worker/import/column_notes.h"
#include "worker/import/column_plan.h"
#include "worker/import/row_parser.h"
#include "worker/import/text_table.h"
#include "worker/import/unread_fields.h"

namespace chorus::worker {

struct ParsedChunk {
  struct Row {
    Status status;         // why it is a bad row, or OK
    ParsedRow parsed;      // its context is empty; row_id counts from 0 where rows are numbered
    uint32_t context = 0;  // into contexts
    uint32_t line = 0;     // into the chunk's lines
  };
  // The first `count` of rows, and the first `context_count` of contexts, are the chunk's; the rest
  // is memory that is used again.
  std::vector<Row> rows;
  uint32_t count = 0;
  std::vector<ParsedSide> contexts;
  uint32_t context_count = 0;
  // contexts[0] is that of the last line before the chunk, if that line is no bad row.
  bool continues = false;
  uint64_t repeated_headers = 0;
  TimeKinds after;  // what is known of times after its rows
  ColumnNotes notes{0};
  UnreadFields unread;
};

class ChunkParser {
 public:
  // Both must outlive the parser.
  ChunkParser(const TextTable& table, const ColumnPlan& plan);
  // kinds: of the times of rows before, where they are known.
  void Parse(const LineChunk& lines, const TimeKinds& kinds, ParsedChunk* out);

 private:
  void ParseLine(const LineChunk& lines, uint32_t line, ParsedChunk* out);
  void ParsePrologue(const LineChunk& lines, ParsedChunk* out);
  uint32_t AddContext(ParsedChunk* out);

  const TextTable& table_;
  LineCutter cutter_;
  RowParser parser_;
  ParsedRow scratch_;
  ParsedSide parked_context_;    // empty; holds the context while the rest of a row is copied
  uint64_t context_serial_ = 0;  // of the chunk's last context
};

}  // namespace chorus::worker
