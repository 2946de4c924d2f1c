#include "worker/math/tile_kernels.h"

#include <algorithm>

#include "worker/math/clones.h"
#include "worker/math/kernels.h"
#include "worker/math/partial_sums.h"

namespace chorus::worker {
namespace {

// sums[j] += factor * row[j] for j < n <= kTileDepth.
[[gnu::always_inline]] inline void AddScaled(float factor, const Bf16* row, int64_t n,
                                             float* __restrict sums) {
  for (int64_t j = 0; j < n; ++j) sums[j] += factor * Widened(row[j]);
}

}  // namespace

// In the order of partial_sums.h.
CHORUS_CLONES void DotTileRows(TileView<const Bf16> x, const float* weight, float bias,
                               MatrixView<float> z) {
  static_assert(kTileDepth == 2 * kPartialSums);
  const int64_t full = x.cols / kPartialSums;
  for (int64_t i = 0; i < x.rows; ++i) {
    float partial[kPartialSums] = {};
    const auto part = [&](int64_t p) { return x.row(i, p / 2) + p % 2 * kPartialSums; };
    const float* w = weight;
    for (int64_t p = 0; p < full; ++p, w += kPartialSums) {
      const Bf16* const row = part(p);
      for (int j = 0; j < kPartialSums; ++j) partial[j] += Widened(row[j]) * w[j];
    }
    for (int64_t j = full * kPartialSums; j < x.cols; ++j) {
      partial[j - full * kPartialSums] += Widened(x(i, j)) * weight[j];
    }
    z(i, 0) = bias + AddPartialSums(partial);
  }
}

CHORUS_CLONES void SumScaledTileRows(TileView<const Bf16> x, MatrixView<const float> dz,
                                     float* weight_gradient) {
  std::fill_n(weight_gradient, x.cols, 0.0f);
  for (int64_t i = 0; i < x.rows; ++i) {
    for (int64_t tile = 0; tile < x.tiles(); ++tile) {
      const int64_t first = tile * kTileDepth;
      AddScaled(dz(i, 0), x.row(i, tile), std::min(kTileDepth, x.cols - first),
                weight_gradient + first);
    }
  }
}

CHORUS_CLONES void OuterProduct(MatrixView<const float> dz, float factor, const float* weight,
                                int64_t cols, MatrixView<float> block) {
  float w[kTileDepth] = {};
  for (int64_t j = 0; j < cols; ++j) w[j] = weight[j];
  for (int64_t i = 0; i < dz.rows; ++i) {
    const float passed = factor * dz(i, 0);
    float* __restrict out = block.row(i);
    for (int64_t j = 0; j < kTileDepth; ++j) out[j] = passed * w[j];
  }
}

CHORUS_CLONES void SumTileRowsByIndex(TileView<const Bf16> from, const uint32_t* index,
                                      int64_t rows, MatrixView<float> to) {
  FillZero(to);
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t tile = 0; tile < from.tiles(); ++tile) {
      const int64_t first = tile * kTileDepth;
      AddScaled(1.0f, from.row(i, tile), std::min(kTileDepth, from.cols - first),
                to.row(index[i]) + first);
    }
  }
}

}  // namespace chorus::worker
