#pragma once
// Embedding rows pooled into input matrices, and the way back.
//   SUM            x = sum of value_k row_k
//   MEAN           x = sum of value_k row_k / number of keys
//   WEIGHTED_MEAN  x = sum of value_k row_k / sum of |value_k|
// A row without keys (or with a sum of 0) pools to zeros. Sums run over the keys of a row in their
// order.
//   SEQUENCE       x = [value_k row_k ...] of the last max_length keys, zeros behind them; and in a
//                  column of its own the number of keys that are there
// Thread safety: pure functions of their arguments.

#include <cstdint>
#include <vector>

#include "common/matrix_view.h"
#include "worker/model/input_layout.h"

namespace chorus::worker {

// Fills `x` (slots, numeric columns, lengths of sequences) with the rows of `features` from `first`
// on, and what is beyond them with zeros.
//   positions[read][k]: of a slot's key k.   rows[table][position]: the embedding.
//   x: [any, side.width()].
void PoolForward(const SideInputs& side, const FeatureColumns& features,
                 const std::vector<std::vector<uint32_t>>& positions,
                 const float* const* const* rows, uint32_t first, MatrixView<float> x);

// Adds the gradient of every key's row,
//   sums[table] + dim * index_of[table][position]  +=  coefficient * dx,
// slot by slot and row by row, an order that does not depend on how positions are numbered. Tables
// whose sums are null are passed over.
//   dx: [>= rows, side.slot_width].
void PoolBackward(const SideInputs& side, const FeatureColumns& features,
                  const std::vector<std::vector<uint32_t>>& positions, MatrixView<const float> dx,
                  const uint32_t* const* index_of, float* const* sums);

}  // namespace chorus::worker
