#pragma once
// The factors of products in bfloat16, in the layout of AMX, which AVX512-BF16 reads as well: tiles
// of 1 KiB, 16 rows of 32 numbers. A product C = A B takes its factors as panels, 16 rows of A or
// 16 columns of B with their whole inner size K, each ceil(K / 32) tiles one behind the other. With
// p counting pairs of the inner index:
//   a tile of A holds [row 16][p 16][2],   a tile of B holds [p 16][column 16][2].
// What is beyond the matrix is 0. A float becomes the nearest bfloat16, of two equally near ones
// the even; denormals become 0 (as everywhere, floating_point_mode.h), NaN stays NaN.
// Thread safety: pure functions of their arguments; the AMX kernel leaves its thread's tiles empty.

#include <cstdint>
#include <span>

#include "common/config.pb.h"
#include "common/matrix_view.h"
#include "worker/math/backend.h"
#include "worker/math/operand.h"
#include "worker/math/tile_matrix.h"

namespace chorus::worker {

constexpr int64_t kBlock = 2 * kTile;  // rows and columns that a kernel computes at once

// A factor of a product in its plain layout: A is [outer, inner], and so is the transpose of B.
struct Factor {
  Operand stored;
  bool inner_is_rows = false;  // stored is [inner, outer]; so are tiles that are packed
  bool is_b = false;           // B's tiles, else A's

  int64_t inner() const { return inner_is_rows ? stored.rows() : stored.cols(); }
  int64_t outer() const { return inner_is_rows ? stored.cols() : stored.rows(); }
  // Whether the tiles of A are ready where they are.
  bool is_packed() const { return stored.tiles && !inner_is_rows && !is_b; }
};

// The panels of one product of a sum.
struct Strip {
  const Bf16* a;
  const Bf16* b;
  int64_t tiles;  // of a panel
};

// What becomes of a tile of a sum of products.
struct TileEpilogue {
  const float* bias = nullptr;         // of the tile's first column, or null
  bool relu = false;                   // as GemmOptions
  const Bf16* positive = nullptr;      // the tile that GemmOptions::positive has there, or null
  MatrixView<const float> added;       // from the tile's first column on
  const uint32_t* added_of = nullptr;  // of the tile's first row, or null
  int64_t added_rows = 0;              // of the tile, that have something to be added
};

// What an instruction set does with tiles.
struct Bf16Kernels {
  // Packs panel `panel` of the factor. A factor in tiles is packed only if its inner index is its
  // rows.
  //   to: [TilesFor(inner) * kTileSize], 64-byte aligned.
  //   sums: null, or of B in tiles the sums of the panel's columns, [at most kTile].
  void (*pack)(const Factor& factor, int64_t panel, Bf16* to, float* sums);
  // The products of 1 or 2 panels of A and of B, which are one behind the other, summed in float32.
  //   to: [16 a_panels, 16 b_panels], overwritten; rows are `stride` floats apart.
  void (*multiply)(std::span<const Strip> strips, int64_t a_panels, int64_t b_panels, float* to,
                   int64_t stride);
  // c = act(block + bias [+ c]).  block: [kBlock, kBlock].  c: at most kBlock rows and columns.
  // options.bias: that of c's first column, or null.
  void (*finish)(const float* block, const GemmOptions& options, MatrixView<float> c);
  // The same for rows x cols of a tile.  block: rows are kBlock floats apart.  to: whole; the rest
  // 0.
  void (*finish_tile)(const float* block, const TileEpilogue& epilogue, int64_t rows, int64_t cols,
                      Bf16* to);
  // Around all calls of `multiply` that a thread makes for one product.
  void (*begin)();
  void (*end)();
};

// The kernels of the two instruction sets, whether this CPU has these or not.
const Bf16Kernels& VectorBf16Kernels();  // AVX512-BF16
Bf16Kernels AmxBf16Kernels();
// The kernels for this CPU under a cap; null when there are none.
const Bf16Kernels* Bf16KernelsFor(ComputeConfig::Isa isa);
// Plain loops, for any CPU: what the others are tested against.
const Bf16Kernels& PlainBf16Kernels();

}  // namespace chorus::worker
