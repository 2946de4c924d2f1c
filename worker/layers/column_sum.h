#pragma once
// Gradients of the weights of layers that have one per column: sums over rows. Thread safety:
// functions of their arguments.

#include <cstdint>
#include <span>

#include "worker/layers/layer.h"

namespace chorus::worker {

// A number per column, as a matrix that repeats it in every row.
inline MatrixView<const float> RepeatedRow(std::span<const float> values, int64_t offset,
                                           int64_t rows, int64_t cols) {
  return {values.data() + offset, rows, cols, 0};
}

// sums[j] = the sum of column j of `of`, in order of rows.  ones: [at least of.rows, 1], scratch.
inline void SumColumns(Backend& backend, MatrixView<const float> of, AlignedMatrix& ones,
                       float* sums) {
  const MatrixView<float> factors = ones.Top(of.rows);
  backend.Fill(1.0f, factors);
  backend.DotRowsBackward(of, nullptr, factors, sums, {factors.data, of.rows, 0, 0}, 1.0f, false);
}

}  // namespace chorus::worker
