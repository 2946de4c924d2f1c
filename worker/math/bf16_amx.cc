// Products on AMX. The rest of its kernels are those of AVX512-BF16, which every CPU with AMX has.

#if defined(__GNUC__) && !defined(__clang__)
// g++ 12 takes the undefined vectors in its own intrinsics for a mistake (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#include <immintrin.h>

#include "worker/math/bf16_tiles.h"

#define CHORUS_AMX __attribute__((target("amx-tile,amx-bf16")))

namespace chorus::worker {
namespace {

constexpr int kRowBytes = 64;  // of a tile

// Tiles 0 to 3 are sums, 4 and 5 panels of A, 6 and 7 of B.
CHORUS_AMX inline void MultiplyFour(std::span<const Strip> strips, float* to, int64_t stride) {
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  for (const Strip& strip : strips) {
    const Bf16* a = strip.a;
    const Bf16* b = strip.b;
    const int64_t panel = strip.tiles * kTileSize;
    for (int64_t tile = 0; tile < strip.tiles; ++tile, a += kTileSize, b += kTileSize) {
      _tile_loadd(6, b, kRowBytes);
      _tile_loadd(4, a, kRowBytes);
      _tile_dpbf16ps(0, 4, 6);
      _tile_loadd(7, b + panel, kRowBytes);
      _tile_dpbf16ps(1, 4, 7);
      _tile_loadd(5, a + panel, kRowBytes);
      _tile_dpbf16ps(2, 5, 6);
      _tile_dpbf16ps(3, 5, 7);
    }
  }
  const auto row_bytes = static_cast<size_t>(stride) * sizeof(float);
  _tile_stored(0, to, row_bytes);
  _tile_stored(1, to + kTile, row_bytes);
  _tile_stored(2, to + kTile * stride, row_bytes);
  _tile_stored(3, to + kTile * stride + kTile, row_bytes);
}

// Two panels of one side, one of the other: two sums, so that one is not waited for.
CHORUS_AMX inline void MultiplyTwo(std::span<const Strip> strips, bool two_of_a, float* to,
                                   int64_t stride) {
  _tile_zero(0);
  _tile_zero(1);
  for (const Strip& strip : strips) {
    const Bf16* one = two_of_a ? strip.b : strip.a;
    const Bf16* two = two_of_a ? strip.a : strip.b;
    const int64_t panel = strip.tiles * kTileSize;
    for (int64_t tile = 0; tile < strip.tiles; ++tile, one += kTileSize, two += kTileSize) {
      _tile_loadd(4, one, kRowBytes);
      _tile_loadd(5, two, kRowBytes);
      _tile_loadd(6, two + panel, kRowBytes);
      if (two_of_a) {
        _tile_dpbf16ps(0, 5, 4);
        _tile_dpbf16ps(1, 6, 4);
      } else {
        _tile_dpbf16ps(0, 4, 5);
        _tile_dpbf16ps(1, 4, 6);
      }
    }
  }
  const auto row_bytes = static_cast<size_t>(stride) * sizeof(float);
  _tile_stored(0, to, row_bytes);
  _tile_stored(1, two_of_a ? to + kTile * stride : to + kTile, row_bytes);
}

CHORUS_AMX void MultiplyTiles(std::span<const Strip> strips, int64_t a_panels, int64_t b_panels,
                              float* to, int64_t stride) {
  if (a_panels == 2 && b_panels == 2) return MultiplyFour(strips, to, stride);
  if (a_panels + b_panels == 3) return MultiplyTwo(strips, a_panels == 2, to, stride);
  _tile_zero(0);
  for (const Strip& strip : strips) {
    for (int64_t tile = 0; tile < strip.tiles; ++tile) {
      _tile_loadd(4, strip.a + tile * kTileSize, kRowBytes);
      _tile_loadd(6, strip.b + tile * kTileSize, kRowBytes);
      _tile_dpbf16ps(0, 4, 6);
    }
  }
  _tile_stored(0, to, static_cast<size_t>(stride) * sizeof(float));
}

// The operand of ldtilecfg. In memory at all times: g++ 12 believes that the instruction reads 8
// bytes of it.
struct alignas(64) TileShapes {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
static_assert(sizeof(TileShapes) == 64);
const TileShapes kTileShapes;

CHORUS_AMX void BeginTiles() { _tile_loadconfig(&kTileShapes); }
CHORUS_AMX void EndTiles() { _tile_release(); }

}  // namespace

Bf16Kernels AmxBf16Kernels() {
  Bf16Kernels kernels = VectorBf16Kernels();
  kernels.multiply = MultiplyTiles;
  kernels.begin = BeginTiles;
  kernels.end = EndTiles;
  return kernels;
}

}  // namespace chorus::worker
