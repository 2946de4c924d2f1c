#pragma once
// Matrices of bfloat16 in the layout of AMX, which AVX512-BF16 reads as well: tiles of 1 KiB, 16
// rows of 32 numbers. A product C = A B takes its factors as panels, 16 rows of A or 16 columns of
// B with their whole inner size K, each ceil(K / 32) tiles one behind the other. With p counting
// pairs of the inner index:
//   a tile of A holds [row 16][p 16][2],   a tile of B holds [p 16][column 16][2].
// What is beyond the matrix is 0. A float becomes the nearest bfloat16, of two equally near ones
// the even; denormals become 0 (as everywhere, floating_point_mode.h), NaN stays NaN.
// Thread safety: pure functions of their arguments; the AMX kernel leaves its thread's tiles empty.

#include <cstdint>

#include "common/config.pb.h"
#include "common/matrix_view.h"
#include "worker/math/backend.h"

namespace chorus::worker {

using Bf16 = uint16_t;  // the upper half of a float's bits

constexpr int64_t kTile = 16;       // rows or columns of a panel
constexpr int64_t kTileDepth = 32;  // numbers of the inner index that a tile holds
constexpr int64_t kTileSize = kTile * kTileDepth;
constexpr int64_t kBlock = 2 * kTile;  // rows and columns that a kernel computes at once

constexpr int64_t TilesFor(int64_t inner) { return (inner + kTileDepth - 1) / kTileDepth; }
constexpr int64_t PanelsFor(int64_t outer) { return (outer + kTile - 1) / kTile; }

// A factor of a product in its plain layout: A is [outer, inner], and so is the transpose of B.
struct Factor {
  MatrixView<const float> stored;
  bool inner_is_rows = false;  // stored is [inner, outer]
  bool is_b = false;           // B's tiles, else A's

  int64_t inner() const { return inner_is_rows ? stored.rows : stored.cols; }
  int64_t outer() const { return inner_is_rows ? stored.cols : stored.rows; }
};

// What an instruction set does with tiles.
struct Bf16Kernels {
  // Panel `panel` of the factor.  to: [TilesFor(inner) * kTileSize], 64-byte aligned.
  void (*pack)(const Factor& factor, int64_t panel, Bf16* to);
  // The product of 1 or 2 panels of A and of B, which lie one behind the other, summed in float32.
  //   to: [16 a_panels, 16 b_panels], overwritten; rows are `stride` floats apart.
  void (*multiply)(const Bf16* a, int64_t a_panels, const Bf16* b, int64_t b_panels, int64_t tiles,
                   float* to, int64_t stride);
  // c = act(block + bias [+ c]).  block: [kBlock, kBlock].  c: at most kBlock rows and columns.
  // options.bias: that of c's first column, or null.
  void (*finish)(const float* block, const GemmOptions& options, MatrixView<float> c);
  // Around all calls of `multiply` that a thread makes for one product.
  void (*begin)();
  void (*end)();
};

// The kernels for this CPU under a cap; null when there are none.
const Bf16Kernels* Bf16KernelsFor(ComputeConfig::Isa isa);
// Plain loops, for any CPU: what the others are tested against.
const Bf16Kernels& PlainBf16Kernels();

}  // namespace chorus::worker
