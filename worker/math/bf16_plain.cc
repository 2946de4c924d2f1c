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

// Of the matrix as it is stored.
float Element(const Operand& stored, int64_t i, int64_t j) {
  return stored.tiles ? Widened(stored.tiles(i, j)) : stored.floats(i, j);
}

void PackPlain(const Factor& factor, int64_t panel, Bf16* to, float* sums) {
  const int64_t tiles = TilesFor(factor.inner());
  for (int64_t i = 0; i < kTile; ++i) {
    const int64_t outer = panel * kTile + i;
    float sum = 0;
    for (int64_t k = 0; k < tiles * kTileDepth; ++k) {
      const bool inside = k < factor.inner() && outer < factor.outer();
      float value = 0;
      if (inside) {
        value = factor.inner_is_rows ? Element(factor.stored, k, outer)
                                     : Element(factor.stored, outer, k);
      }
      const int64_t at = k % kTileDepth;
      Bf16* const tile = to + k / kTileDepth * kTileSize;
      tile[factor.is_b ? (at / 2 * kTile + i) * 2 + at % 2 : i * kTileDepth + at] = Rounded(value);
      sum += value;
    }
    if (sums != nullptr && outer < factor.outer()) sums[i] = sum;
  }
}

void MultiplyPlain(std::span<const Strip> strips, int64_t a_panels, int64_t b_panels, float* to,
                   int64_t stride) {
  for (int64_t i = 0; i < a_panels * kTile; ++i) {
    for (int64_t j = 0; j < b_panels * kTile; ++j) {
      float sum = 0;
      for (const Strip& strip : strips) {
        for (int64_t k = 0; k < strip.tiles * kTileDepth; ++k) {
          const int64_t tile = k / kTileDepth, at = k % kTileDepth;
          const Bf16* const a_tile = strip.a + (i / kTile * strip.tiles + tile) * kTileSize;
          const Bf16* const b_tile = strip.b + (j / kTile * strip.tiles + tile) * kTileSize;
          sum += Widened(a_tile[i % kTile * kTileDepth + at]) *
                 Widened(b_tile[(at / 2 * kTile + j % kTile) * 2 + at % 2]);
        }
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

void FinishTilePlain(const float* block, const TileEpilogue& epilogue, int64_t rows, int64_t cols,
                     Bf16* to) {
  std::fill_n(to, kTileSize, Bf16{0});
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < cols; ++j) {
      float value = block[i * kBlock + j];
      if (epilogue.bias != nullptr) value += epilogue.bias[j];
      if (i < epilogue.added_rows) value += epilogue.added(epilogue.added_of[i], j);
      if (epilogue.relu) value = std::max(value, 0.0f);
      const int64_t at = i * kTileDepth + j;
      const bool passes = epilogue.positive == nullptr || Widened(epilogue.positive[at]) > 0;
      if (passes) to[at] = Rounded(value);
    }
  }
}

void NothingToPrepare() {}

}  // namespace

const Bf16Kernels& PlainBf16Kernels() {
  static constexpr Bf16Kernels kernels = {PackPlain,       MultiplyPlain,    FinishPlain,
                                          FinishTilePlain, NothingToPrepare, NothingToPrepare};
  return kernels;
}

}  // namespace chorus::worker
