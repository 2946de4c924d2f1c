#pragma once
// The rows of all inputs of an import, one piece after the other: the seam between what inputs are
// written in (text, Parquet, ORC, TFRecord) and what is made of their rows. A table cuts its inputs
// into pieces on one thread; parsers, one per thread, make rows of them.
// Thread safety: one thread calls NextPiece and CountRows; PlaceOf and NewParser may be called by
// any thread. A parser belongs to one.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/status.h"
#include "worker/columns/column_type.h"
#include "worker/import/column_plan.h"
#include "worker/import/parsed_chunk.h"
#include "worker/import/skipped_text.h"

namespace chorus::worker {

// Some consecutive rows as they were read. Each table has its own kind.
class RowPiece {
 public:
  virtual ~RowPiece() = default;
};

class PieceParser {
 public:
  virtual ~PieceParser() = default;
  // kinds: those of the times of rows before the piece, where they are known. The result depends on
  // these and on the piece alone.
  virtual void Parse(const RowPiece& piece, const TimeKinds& kinds, ParsedChunk* out) = 0;
};

class RowTable {
 public:
  virtual ~RowTable() = default;
  virtual const std::vector<std::string>& columns() const = 0;
  // [columns]; empty: all are texts.
  virtual const std::vector<ColumnType>& types() const = 0;
  // Tells, before the first piece, what will be asked of the rows.
  virtual Status Begin(const ColumnPlan& plan) = 0;
  // The next rows, maybe in the memory of a piece that this table gave before. False after the
  // last.  An error comes once all rows before it were given.
  virtual Result<bool> NextPiece(std::unique_ptr<RowPiece>* piece) = 0;
  // Counts the rows, in place of giving pieces. show(n): there are n rows so far.
  virtual Result<uint64_t> CountRows(const std::function<void(uint64_t)>& show) = 0;
  // The table and the plan must outlive the parser.
  virtual std::unique_ptr<PieceParser> NewParser(const ColumnPlan& plan) const = 0;
  // The place of a row in a piece that this table gave: "data.csv:17".
  virtual std::string PlaceOf(const RowPiece& piece, uint32_t place) const = 0;
  virtual SkippedText skipped() const = 0;  // so far
};

}  // namespace chorus::worker
