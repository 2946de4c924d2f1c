#pragma once
// A matrix of bfloat16 in tiles of 16 rows and 32 columns, as AMX and AVX512-BF16 read the left
// factor of a product (bf16_tiles.h): activations that only products read are kept so. Rows are in
// panels of 16, each with its tiles one behind the other; a tile holds its rows one behind the
// other. What is beyond the last row or column is 0.
// Thread safety: a view is a value; the elements follow the rules of their owner.

#include <bit>
#include <cstdint>
#include <type_traits>

namespace chorus::worker {

using Bf16 = uint16_t;  // the upper half of a float's bits

constexpr int64_t kTile = 16;       // rows or columns of a panel
constexpr int64_t kTileDepth = 32;  // numbers of the inner index that a tile holds
constexpr int64_t kTileSize = kTile * kTileDepth;

constexpr int64_t TilesFor(int64_t inner) { return (inner + kTileDepth - 1) / kTileDepth; }
constexpr int64_t PanelsFor(int64_t outer) { return (outer + kTile - 1) / kTile; }

inline float Widened(Bf16 value) {
  return std::bit_cast<float>(static_cast<uint32_t>(value) << 16);
}

// T: Bf16 or const Bf16.
template <typename T>
struct TileView {
  T* data = nullptr;  // 64-byte aligned; null: no matrix
  int64_t rows = 0;
  int64_t cols = 0;

  TileView() = default;
  TileView(T* d, int64_t r, int64_t c) : data(d), rows(r), cols(c) {}
  template <typename U, typename = std::enable_if_t<std::is_same_v<const U, T>>>
  TileView(const TileView<U>& other)  // NOLINT: implicit by design
      : data(other.data), rows(other.rows), cols(other.cols) {}

  explicit operator bool() const { return data != nullptr; }
  int64_t tiles() const { return TilesFor(cols); }  // of a panel
  T* panel(int64_t i) const { return data + i * tiles() * kTileSize; }
  // Tile `column` of row i: 32 numbers.
  T* row(int64_t i, int64_t column) const {
    return panel(i / kTile) + column * kTileSize + i % kTile * kTileDepth;
  }
  T& operator()(int64_t i, int64_t j) const { return row(i, j / kTileDepth)[j % kTileDepth]; }
  // The first rows. REQUIRES: count <= rows.
  TileView Top(int64_t count) const { return {data, count, cols}; }
};

// How many numbers a matrix takes, with its padding.
constexpr int64_t TileMatrixSize(int64_t rows, int64_t cols) {
  return PanelsFor(rows) * TilesFor(cols) * kTileSize;
}

}  // namespace chorus::worker
