#pragma once
// A layer's output y and the gradient dy with respect to it. Thread safety: none; one owner at a
// time.

#include <cstdint>

#include "worker/math/aligned_matrix.h"
#include "worker/math/tile_matrix.h"

namespace chorus::worker {

struct ActivationView {
  MatrixView<float> y;
  MatrixView<float> dy;

  ActivationView Columns(int64_t begin, int64_t count) const {
    return {y.Columns(begin, count), dy.Columns(begin, count)};
  }
};

// The same in tiles (tile_matrix.h). They are outputs of ReLU: dy is with respect to what ReLU
// reads, so that it is 0 where y is.
struct TileActivation {
  TileView<Bf16> y;
  TileView<Bf16> dy;
};

struct Activation {
  AlignedMatrix y;
  AlignedMatrix dy;

  Activation() = default;
  // memory: see AlignedMatrix.
  Activation(int64_t rows, int64_t width, MatrixMemory* memory = nullptr)
      : y(rows, width, memory), dy(rows, width, memory) {}
  ActivationView view() { return {y.view(), dy.view()}; }
};

}  // namespace chorus::worker
