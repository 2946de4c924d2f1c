#pragma once
// What a product reads and writes: floats, or bfloat16 in tiles (tile_matrix.h), which backends
// with keeps_tiles() know. Thread safety: values.

#include <cstdint>

#include "common/matrix_view.h"
#include "worker/math/tile_matrix.h"

namespace chorus::worker {

struct Target {
  MatrixView<float> floats;
  TileView<Bf16> tiles;  // if it is one, there are no floats

  Target(MatrixView<float> f) : floats(f) {}  // NOLINT: implicit by design
  Target(TileView<Bf16> t) : tiles(t) {}      // NOLINT
  int64_t rows() const { return tiles ? tiles.rows : floats.rows; }
  int64_t cols() const { return tiles ? tiles.cols : floats.cols; }
};

struct Operand {
  MatrixView<const float> floats;
  TileView<const Bf16> tiles;  // if it is one, there are no floats

  Operand(MatrixView<const float> f) : floats(f) {}               // NOLINT: implicit by design
  Operand(MatrixView<float> f) : floats(f) {}                     // NOLINT
  Operand(TileView<const Bf16> t) : tiles(t) {}                   // NOLINT
  Operand(TileView<Bf16> t) : tiles(t) {}                         // NOLINT
  Operand(const Target& t) : floats(t.floats), tiles(t.tiles) {}  // NOLINT
  int64_t rows() const { return tiles ? tiles.rows : floats.rows; }
  int64_t cols() const { return tiles ? tiles.cols : floats.cols; }
};

// op(a) op(b), one of the products of a sum.
struct GemmTerm {
  Operand a;
  Operand b;
};

}  // namespace chorus::worker
