#pragma once
// Some rows of an import as one thread parses them: of the earlier rows it knows only the last one.
// Thread safety: values.

#include <cstdint>
#include <vector>

#include "common/status.h"
#include "worker/import/column_notes.h"
#include "worker/import/parsed_row.h"
#include "worker/import/unread_fields.h"
#include "worker/log/row_source.h"

namespace chorus::worker {

struct ParsedChunk {
  struct Row {
    Status status;         // why the row is malformed, or OK
    ParsedRow parsed;      // its context is empty; row_id counts from 0 where rows are numbered
    uint32_t context = 0;  // into contexts
    uint32_t place = 0;    // as RowTable::PlaceOf takes it
  };
  // The first `count` of rows, and the first `context_count` of contexts, are the chunk's; the rest
  // is memory that is used again.
  std::vector<Row> rows;
  uint32_t count = 0;
  // [rows], where rows are to be scored: labels, and ids as the input has them.
  std::vector<SourceRow> shown;
  std::vector<ParsedSide> contexts;
  uint32_t context_count = 0;
  // Whether contexts[0] is that of the last row before the chunk; it does not count if that row is
  // malformed.
  bool continues = false;
  uint64_t repeated_headers = 0;
  TimeKinds after;  // what is known about times after its rows
  ColumnNotes notes{0};
  UnreadFields unread;
};

}  // namespace chorus::worker
