#pragma once
// A piece of a table whose rows are lines or records: a chunk of them. Thread safety: values.

#include "worker/import/line_chunk.h"
#include "worker/import/row_table.h"

namespace chorus::worker {

struct LinePiece final : RowPiece {
  LineChunk lines;
};

// REQUIRES: the piece is one of lines.
inline const LineChunk& LinesOf(const RowPiece& piece) {
  return static_cast<const LinePiece&>(piece).lines;
}

// For NextPiece: the lines of *piece, which is made where there is none.
inline LineChunk* LinesFor(std::unique_ptr<RowPiece>* piece) {
  if (*piece == nullptr) *piece = std::make_unique<LinePiece>();
  return &static_cast<LinePiece&>(**piece).lines;
}

}  // namespace chorus::worker
