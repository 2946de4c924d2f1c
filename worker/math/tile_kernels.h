#pragma once
// The element loops of the CPU backend that read matrices in tiles (tile_matrix.h), as kernels.h
// has those of floats: plain loops, the same bits on every CPU. The contracts are in
// worker/math/backend.h. Thread safety: pure functions of their arguments.

#include <cstdint>

#include "common/matrix_view.h"
#include "worker/math/tile_matrix.h"

namespace chorus::worker {

void DotTileRows(TileView<const Bf16> x, const float* weight, float bias, MatrixView<float> z);
// weight_gradient[j] = sum of dz[i] x[i, j].
void SumScaledTileRows(TileView<const Bf16> x, MatrixView<const float> dz, float* weight_gradient);
// block[i, j] = factor dz[i] weight[j] for the rows of dz and j < cols <= kTileDepth.
void OuterProduct(MatrixView<const float> dz, float factor, const float* weight, int64_t cols,
                  MatrixView<float> block);
void SumTileRowsByIndex(TileView<const Bf16> from, const uint32_t* index, int64_t rows,
                        MatrixView<float> to);

}  // namespace chorus::worker
