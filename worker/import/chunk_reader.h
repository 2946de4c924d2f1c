#pragma once
// The rows of a table, parsed by several threads, in chunks that come in the order of the rows and
// do not depend on how many threads there are. Thread safety: none; one thread makes all calls. It
// reads pieces while the others, called "import N", parse them.

#include <cstdint>
#include <memory>
#include <string>

#include "common/status.h"
#include "worker/import/column_plan.h"
#include "worker/import/parsed_chunk.h"
#include "worker/import/row_table.h"

namespace chorus::worker {

struct ReadChunk {
  std::unique_ptr<RowPiece> piece;
  ParsedChunk parsed;
};

class ChunkReader {
 public:
  virtual ~ChunkReader() = default;  // ends the threads
  // `table`, of which no piece was taken, and `plan` must outlive the reader. Errors: those of
  // RowTable::Begin; kResourceExhausted, the system does not give a thread.
  static Result<std::unique_ptr<ChunkReader>> Create(RowTable& table, const ColumnPlan& plan,
                                                     uint32_t threads);
  // The next chunk, valid until the next call; null at the end. Error: that of the table, once
  // all chunks before it were given.
  virtual Result<ReadChunk*> Next() = 0;
};

}  // namespace chorus::worker
