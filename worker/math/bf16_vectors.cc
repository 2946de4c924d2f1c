// The kernels for CPUs with AVX512-BF16. Functions are compiled for their instruction set one by one,
// so that no code shared with other files is.

#if defined(__GNUC__) && !defined(__clang__)
// g++ 12 takes the undefined vectors in its own intrinsics for a mistake (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#include <immintrin.h>

#include <algorithm>
#include <cstring>

#include "worker/math/bf16_tiles.h"

#define CHORUS_AVX512_BF16 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16")))

namespace chorus::worker {
namespace {

using Vectors = __m512i[kTile];

CHORUS_AVX512_BF16 inline __mmask16 FirstOf(int64_t count) {
  return static_cast<__mmask16>((1u << std::clamp<int64_t>(count, 0, kTile)) - 1);
}

// low[0 .. 16), high[0 .. 16) as bfloat16.
CHORUS_AVX512_BF16 inline __m512i Rounded32(__m512 low, __m512 high) {
  return reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high, low));
}

// t[i] dword j <-> t[j] dword i.
CHORUS_AVX512_BF16 inline void Transpose(Vectors& t) {
  Vectors u;
  for (int i = 0; i < 16; i += 2) {
    u[i] = _mm512_unpacklo_epi32(t[i], t[i + 1]);
    u[i + 1] = _mm512_unpackhi_epi32(t[i], t[i + 1]);
  }
  for (int i = 0; i < 16; i += 4) {
    t[i] = _mm512_unpacklo_epi64(u[i], u[i + 2]);
    t[i + 1] = _mm512_unpackhi_epi64(u[i], u[i + 2]);
    t[i + 2] = _mm512_unpacklo_epi64(u[i + 1], u[i + 3]);
    t[i + 3] = _mm512_unpackhi_epi64(u[i + 1], u[i + 3]);
  }
  // t[4 q + c] now holds column 4 l + c of rows 4 q .. 4 q + 3 in its 128-bit lane l.
  for (int c = 0; c < 4; ++c) {
    u[c] = _mm512_shuffle_i32x4(t[c], t[4 + c], 0x88);
    u[4 + c] = _mm512_shuffle_i32x4(t[c], t[4 + c], 0xdd);
    u[8 + c] = _mm512_shuffle_i32x4(t[8 + c], t[12 + c], 0x88);
    u[12 + c] = _mm512_shuffle_i32x4(t[8 + c], t[12 + c], 0xdd);
  }
  for (int c = 0; c < 4; ++c) {
    t[c] = _mm512_shuffle_i32x4(u[c], u[8 + c], 0x88);
    t[8 + c] = _mm512_shuffle_i32x4(u[c], u[8 + c], 0xdd);
    t[4 + c] = _mm512_shuffle_i32x4(u[4 + c], u[12 + c], 0x88);
    t[12 + c] = _mm512_shuffle_i32x4(u[4 + c], u[12 + c], 0xdd);
  }
}

// 16 outer indices from `outer` on, 32 inner ones from `inner` on: t[i] holds outer index i.
CHORUS_AVX512_BF16 inline void LoadByOuter(MatrixView<const float> stored, int64_t outer,
                                           int64_t inner, Vectors& t) {
  const __mmask16 low = FirstOf(stored.cols - inner);
  const __mmask16 high = FirstOf(stored.cols - inner - kTile);
  const int64_t rows = std::min(kTile, stored.rows - outer);
  for (int64_t i = 0; i < kTile; ++i) {
    if (i >= rows) {
      t[i] = _mm512_setzero_si512();
      continue;
    }
    const float* const from = stored.row(outer + i) + inner;
    t[i] = Rounded32(_mm512_maskz_loadu_ps(low, from), _mm512_maskz_loadu_ps(high, from + kTile));
  }
}

// Numbers i and 16 + i become neighbours.
CHORUS_AVX512_BF16 inline __m512i Interleaved(__m512i halves) {
  const __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24,
                                         8, 23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  return _mm512_permutexvar_epi16(order, halves);
}

// The same: t[p] holds pair p of the inner index, for each outer one.
CHORUS_AVX512_BF16 inline void LoadByPairs(MatrixView<const float> stored, int64_t outer,
                                           int64_t inner, Vectors& t) {
  const __mmask16 columns = FirstOf(stored.cols - outer);
  const int64_t rows = stored.rows - inner;
  for (int64_t p = 0; p < kTile; ++p) {
    if (2 * p >= rows) {
      t[p] = _mm512_setzero_si512();
      continue;
    }
    const float* const from = stored.row(inner + 2 * p) + outer;
    const __m512 low = _mm512_maskz_loadu_ps(columns, from);
    const __m512 high = 2 * p + 1 < rows ? _mm512_maskz_loadu_ps(columns, from + stored.stride)
                                         : _mm512_setzero_ps();
    t[p] = Interleaved(Rounded32(low, high));
  }
}

// Of a matrix in tiles. What is beyond its rows and columns is 0 there.
CHORUS_AVX512_BF16 inline void LoadByPairs(const TileView<const Bf16>& stored, int64_t outer,
                                           int64_t inner, Vectors& t) {
  const int64_t panels = PanelsFor(stored.rows) - inner / kTile;
  for (int64_t half = 0; half < 2; ++half) {
    if (half >= panels) {
      for (int64_t p = 0; p < kTile / 2; ++p) t[half * kTile / 2 + p] = _mm512_setzero_si512();
      continue;
    }
    const Bf16* from =
        stored.panel(inner / kTile + half) + outer / kTileDepth * kTileSize + outer % kTileDepth;
    for (int64_t p = 0; p < kTile / 2; ++p, from += 2 * kTileDepth) {
      const __m256i low = _mm256_load_si256(reinterpret_cast<const __m256i*>(from));
      const __m256i high = _mm256_load_si256(reinterpret_cast<const __m256i*>(from + kTileDepth));
      t[half * kTile / 2 + p] =
          Interleaved(_mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1));
    }
  }
}

// Sums of columns, of even and of odd rows.
struct PairSums {
  __m512 even, odd;
};

CHORUS_AVX512_BF16 inline void AddPairs(const Vectors& t, PairSums* sums) {
  const __m512i upper = _mm512_set1_epi32(static_cast<int>(0xffff0000u));
  for (const __m512i& pair : t) {
    sums->even = _mm512_add_ps(sums->even, _mm512_castsi512_ps(_mm512_slli_epi32(pair, 16)));
    sums->odd = _mm512_add_ps(sums->odd, _mm512_castsi512_ps(_mm512_and_si512(pair, upper)));
  }
}

CHORUS_AVX512_BF16 void PackVectors(const Factor& factor, int64_t panel, Bf16* to, float* sums) {
  const int64_t outer = panel * kTile;
  PairSums pair_sums = {_mm512_setzero_ps(), _mm512_setzero_ps()};
  for (int64_t inner = 0; inner < factor.inner(); inner += kTileDepth, to += kTileSize) {
    Vectors t;
    if (factor.stored.tiles) {
      LoadByPairs(factor.stored.tiles, outer, inner, t);
      if (sums != nullptr) AddPairs(t, &pair_sums);
    } else if (factor.inner_is_rows) {
      LoadByPairs(factor.stored.floats, outer, inner, t);
    } else {
      LoadByOuter(factor.stored.floats, outer, inner, t);
    }
    if (factor.inner_is_rows != factor.is_b) Transpose(t);
    for (int64_t i = 0; i < kTile; ++i) _mm512_store_si512(to + i * kTileDepth, t[i]);
  }
  if (sums == nullptr) return;
  _mm512_mask_storeu_ps(sums, FirstOf(factor.outer() - outer),
                        _mm512_add_ps(pair_sums.even, pair_sums.odd));
}

// Rows of A that AVX512-BF16 multiplies at once, with both panels of B: 16 sums in registers.
constexpr int64_t kRowsAtOnce = 8;

// row: of the first panel of A.
template <int kBPanels>
CHORUS_AVX512_BF16 inline void MultiplyRows(std::span<const Strip> strips, int64_t row, float* to,
                                            int64_t stride) {
  __m512 sum[kRowsAtOnce][kBPanels];
  for (auto& of_row : sum) {
    for (__m512& part : of_row) part = _mm512_setzero_ps();
  }
  for (const Strip& strip : strips) {
    const Bf16* a = strip.a + row / kTile * strip.tiles * kTileSize + row % kTile * kTileDepth;
    const Bf16* b = strip.b;
    for (int64_t tile = 0; tile < strip.tiles; ++tile, a += kTileSize, b += kTileSize) {
      for (int64_t p = 0; p < kTile; ++p) {
        __m512bh columns[kBPanels];
        for (int j = 0; j < kBPanels; ++j) {
          columns[j] = reinterpret_cast<__m512bh>(
              _mm512_load_si512(b + j * strip.tiles * kTileSize + p * kTileDepth));
        }
#pragma GCC unroll 8
        for (int64_t i = 0; i < kRowsAtOnce; ++i) {
          int two;
          std::memcpy(&two, a + i * kTileDepth + 2 * p, sizeof(two));
          const auto pair = reinterpret_cast<__m512bh>(_mm512_set1_epi32(two));
          for (int j = 0; j < kBPanels; ++j)
            sum[i][j] = _mm512_dpbf16_ps(sum[i][j], pair, columns[j]);
        }
      }
    }
  }
  for (int64_t i = 0; i < kRowsAtOnce; ++i) {
    for (int j = 0; j < kBPanels; ++j) _mm512_storeu_ps(to + i * stride + j * kTile, sum[i][j]);
  }
}

CHORUS_AVX512_BF16 void MultiplyVectors(std::span<const Strip> strips, int64_t a_panels,
                                        int64_t b_panels, float* to, int64_t stride) {
  for (int64_t i = 0; i < a_panels * kTile; i += kRowsAtOnce) {
    if (b_panels == 2) {
      MultiplyRows<2>(strips, i, to + i * stride, stride);
    } else {
      MultiplyRows<1>(strips, i, to + i * stride, stride);
    }
  }
}

CHORUS_AVX512_BF16 inline void FinishPart(const float* part, const GemmOptions& options,
                                          __mmask16 mask, int64_t column, float* c) {
  __m512 value = _mm512_load_ps(part);
  if (options.bias != nullptr) {
    value = _mm512_add_ps(value, _mm512_maskz_loadu_ps(mask, options.bias + column));
  }
  if (options.accumulate) value = _mm512_add_ps(value, _mm512_maskz_loadu_ps(mask, c));
  // Of two numbers of which one is NaN, the instruction takes the second.
  if (options.relu) value = _mm512_max_ps(_mm512_setzero_ps(), value);
  _mm512_mask_storeu_ps(c, mask, value);
}

CHORUS_AVX512_BF16 void FinishVectors(const float* block, const GemmOptions& options,
                                      MatrixView<float> c) {
  const __mmask16 low = FirstOf(c.cols), high = FirstOf(c.cols - kTile);
  for (int64_t i = 0; i < c.rows; ++i, block += kBlock) {
    FinishPart(block, options, low, 0, c.row(i));
    if (high != 0) FinishPart(block + kTile, options, high, kTile, c.row(i) + kTile);
  }
}

// 16 of the sums of a tile's row, from column `first` on.
CHORUS_AVX512_BF16 inline __m512 EndOfRow(const float* block, const TileEpilogue& epilogue,
                                          int64_t row, int64_t first, __mmask16 mask) {
  __m512 value = _mm512_maskz_loadu_ps(mask, block + first);
  if (epilogue.bias != nullptr) {
    value = _mm512_add_ps(value, _mm512_maskz_loadu_ps(mask, epilogue.bias + first));
  }
  if (row < epilogue.added_rows) {
    const float* const added = epilogue.added.row(epilogue.added_of[row]) + first;
    value = _mm512_add_ps(value, _mm512_maskz_loadu_ps(mask, added));
  }
  return epilogue.relu ? _mm512_max_ps(_mm512_setzero_ps(), value) : value;
}

CHORUS_AVX512_BF16 void FinishTileVectors(const float* block, const TileEpilogue& epilogue,
                                          int64_t rows, int64_t cols, Bf16* to) {
  const __mmask16 low = FirstOf(cols), high = FirstOf(cols - kTile);
  for (int64_t i = 0; i < rows; ++i, block += kBlock) {
    __m512i value =
        Rounded32(EndOfRow(block, epilogue, i, 0, low), EndOfRow(block, epilogue, i, kTile, high));
    if (epilogue.positive != nullptr) {
      const __m512i units = _mm512_load_si512(epilogue.positive + i * kTileDepth);
      value = _mm512_maskz_mov_epi16(_mm512_cmpgt_epi16_mask(units, _mm512_setzero_si512()), value);
    }
    _mm512_store_si512(to + i * kTileDepth, value);
  }
  for (int64_t i = rows; i < kTile; ++i) {
    _mm512_store_si512(to + i * kTileDepth, _mm512_setzero_si512());
  }
}

void Nothing() {}

}  // namespace

const Bf16Kernels& VectorBf16Kernels() {
  static constexpr Bf16Kernels kernels = {PackVectors,       MultiplyVectors, FinishVectors,
                                          FinishTileVectors, Nothing,         Nothing};
  return kernels;
}

}  // namespace chorus::worker
