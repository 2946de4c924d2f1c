#include <algorithm>
#include <bit>
#include <cmath>

#include "worker/math/bf16_tiles.h"

namespace chorus::worker {
namespace {

Bf16 Rounded(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  constexpr uint32_t kExponent = 0x7f800000, kSign = 0x80000000, kQuiet = 0x00400000;
  if (std::isnan(value)) return static_cast<Bf16>((bits | kQuiet) >> 16);
  if ((bits & kExponent) == 0) return static_cast<Bf16>((bits & kSign) >> 16);
  return static_cast<Bf16>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

float Widened(Bf16 value) { return std::bit_cast<float>(static_cast<uint32_t>(value) << 16); }

void PackPlain(const Factor& factor, int64_t panel, Bf16* to) {
  const int64_t tiles = TilesFor(factor.inner());
  for (int64_t k = 0; k < tiles * kTileDepth; ++k) {
    for (int64_t i = 0; i < kTile; ++i) {
      const int64_t outer = panel * kTile + i;
      const bool inside = k < factor.inner() && outer < factor.outer();
      float value = 0;
      if (inside) value = factor.inner_is_rows ? factor.stored(k, outer) : factor.stored(outer, k);
      const int64_t at = k % kTileDepth;
      Bf16* const tile = to + k / kTileDepth * kTileSize;
      tile[factor.is_b ? (at / 2 * kTile + i) * 2 + at % 2 : i * kTileDepth + at] = Rounded(value);
    }
  }
}

void MultiplyPlain(const Bf16* a, int64_t a_panels, const Bf16* b, int64_t b_panels, int64_t tiles,
                   float* to, int64_t stride) {
  for (int64_t i = 0; i < a_panels * kTile; ++i) {
    for (int64_t j = 0; j < b_panels * kTile; ++j) {
      float sum = 0;
      for (int64_t k = 0; k < tiles * kTileDepth; ++k) {
        const int64_t tile = k / kTileDepth, at = k % kTileDepth;
        const Bf16* const a_tile = a + (i / kTile * tiles + tile) * kTileSize;
        const Bf16* const b_tile = b + (j / kTile * tiles + tile) * kTileSize;
        sum += Widened(a_tile[i % kTile * kTileDepth + at]) *
               Widened(b_tile[(at / 2 * kTile + j % kTile) * 2 + at % 2]);
      }
      to[i * stride + j] = sum;
    }
  }
}

void FinishPlain(const float* block, const GemmOptions& options, MatrixView<float> c) {
  for (int64_t i = 0; i < c.rows; ++i) {
    for (int64_t j = 0; j < c.cols; ++j) {
      float value = block[i * kBlock + j];
      if (options.bias != nullptr) value += options.bias[j];
      if (options.accumulate) value += c(i, j);
      c(i, j) = options.relu ? std::max(value, 0.0f) : value;
    }
  }
}

void NothingToPrepare() {}

}  // namespace

const Bf16Kernels& PlainBf16Kernels() {
  static constexpr Bf16Kernels kernels = {PackPlain, MultiplyPlain, FinishPlain, NothingToPrepare,
                                          NothingToPrepare};
  return kernels;
}

}  // namespace chorus::worker
