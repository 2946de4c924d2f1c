// The kernels for CPUs with AVX512-BF16 and AMX. Functions are compiled for their instruction set
// one by one, so that no code shared with other files is.

#if defined(__GNUC__) && !defined(__clang__)
// g++ 12 takes the undefined vectors in its own intrinsics for a mistake (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#include <cpuid.h>
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "worker/math/bf16_tiles.h"

#define CHORUS_AVX512_BF16 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16")))
#define CHORUS_AMX __attribute__((target("amx-tile,amx-bf16")))

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

// Registers that cpuid fills for leaf 7.
struct Features {
  unsigned a = 0, b = 0, c = 0, d = 0;
};
Features FeaturesOf(unsigned subleaf) {
  Features f;
  if (__get_cpuid_count(7, subleaf, &f.a, &f.b, &f.c, &f.d) == 0) return {};
  return f;
}

bool HasAvx512Bf16() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
         (FeaturesOf(1).a >> 5 & 1) != 0;
}

// Whether the CPU has AMX and the system lets this process use it: its registers are large, and
// Linux saves them for those alone that ask.
bool HasAmx() {
  constexpr unsigned kBf16 = 1u << 22, kTiles = 1u << 24;
  constexpr long kRequestPermission = 0x1023, kTileData = 18;  // arch_prctl(2)
  if (!HasAvx512Bf16() || (FeaturesOf(0).d & (kBf16 | kTiles)) != (kBf16 | kTiles)) return false;
  static const bool allowed = syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
  return allowed;
}

}  // namespace

const Bf16Kernels* Bf16KernelsFor(ComputeConfig::Isa isa) {
  static constexpr Bf16Kernels amx = {PackVectors,       MultiplyTiles, FinishVectors,
                                      FinishTileVectors, BeginTiles,    EndTiles};
  static constexpr Bf16Kernels vectors = {PackVectors,       MultiplyVectors, FinishVectors,
                                          FinishTileVectors, Nothing,         Nothing};
  const bool native = isa == ComputeConfig::ISA_UNSPECIFIED || isa == ComputeConfig::NATIVE;
  if ((native || isa == ComputeConfig::AMX) && HasAmx()) return &amx;
  if ((native || isa == ComputeConfig::AVX512_BF16) && HasAvx512Bf16()) return &vectors;
  return nullptr;
}

}  // namespace chorus::worker
