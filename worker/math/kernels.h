#pragma once
// The element loops of the CPU backend, compiled for several instruction sets (clones.h), of which
// the loader picks one by CPU. All versions give the same bits: products and sums are element by
// element, in the order of rows, and dot products have the order of partial_sums.h. The contracts
// are in worker/math/backend.h. Thread safety: pure functions of their arguments.

#include <cstdint>

#include "common/matrix_view.h"

namespace chorus::worker {

void GatherRows(MatrixView<const float> from, const uint32_t* index, int64_t rows,
                MatrixView<float> to);
void SumRowsByIndex(MatrixView<const float> from, const uint32_t* index, int64_t rows,
                    MatrixView<float> to);
void ReluBackward(MatrixView<const float> y, MatrixView<float> gradient, float* bias_gradient);
void DotRows(MatrixView<const float> x, const float* weight, float bias, MatrixView<float> z);
void DotRowsBackward(MatrixView<const float> x, const float* weight, MatrixView<const float> dz,
                     float* weight_gradient, MatrixView<float> dx, float dx_factor,
                     bool accumulate_dx);
void PassPositive(MatrixView<const float> y, float factor, MatrixView<const float> from,
                  MatrixView<float> to, bool accumulate);

void FillZero(MatrixView<float> matrix);
// into[i] += from[i] for i < n.
void AddTo(float* into, const float* from, int64_t n);
// Whether no element is infinite or NaN.
bool AllFinite(const float* values, int64_t n);
// The sum of squares in double, in the order of partial_sums.h.
double SumOfSquares(const float* values, int64_t n);

}  // namespace chorus::worker
