// Matrices that are kept in tiles: what products read and write of them, on every kernel.

#include <gtest/gtest.h>

#include <bit>
#include <cstring>

#include "common/strings.h"
#include "tests/worker/math/bf16_testing.h"
#include "worker/math/aligned_matrix.h"
#include "worker/math/gemm_bf16.h"
#include "worker/math/tile_kernels.h"

namespace chorus::worker {
namespace {

using TilesTest = Bf16Test;

// Whole numbers of few digits are bfloat16, and sums of their products exact in any order.
class Tiles {
 public:
  Tiles(int64_t rows, int64_t cols)
      : memory_(1, TileMatrixSize(rows, cols) / 2),
        view(reinterpret_cast<Bf16*>(memory_.view().data), rows, cols) {
    std::fill_n(view.data, TileMatrixSize(rows, cols), Bf16{0x7fc0});  // NaN
  }
  Tiles(const Matrix& matrix) : Tiles(matrix.view.rows, matrix.view.cols) {  // NOLINT: implicit
    for (int64_t panel = 0; panel < PanelsFor(view.rows); ++panel) {
      const int64_t row = panel * kTile;
      Bf16Gemm(PlainBf16Kernels())
          .RoundToTiles(matrix.view.Rows(row, std::min(kTile, view.rows - row)), panel, view);
    }
  }
  float operator()(int64_t i, int64_t j) const { return Widened(view(i, j)); }
  // Whether what is beyond the last row and column is 0.
  bool IsPadded() const {
    for (int64_t i = 0; i < PanelsFor(view.rows) * kTile; ++i) {
      for (int64_t j = 0; j < view.tiles() * kTileDepth; ++j) {
        if ((i >= view.rows || j >= view.cols) && view(i, j) != 0) return false;
      }
    }
    return true;
  }

 private:
  AlignedMatrix memory_;

 public:
  TileView<Bf16> view;
};

Matrix SmallNumbers(int64_t rows, int64_t cols, uint64_t seed) {
  Matrix matrix = RandomMatrix(rows, cols, seed);
  for (float& value : matrix.floats) value = std::round(value * 2);
  return matrix;
}

double DotOf(const Matrix& a, const Matrix& b, int64_t i, int64_t j) {
  double sum = 0;
  for (int64_t k = 0; k < a.view.cols; ++k) sum += double{a.view(i, k)} * b.view(k, j);
  return sum;
}

constexpr int64_t kTileShapes[][3] = {
    {16, 32, 32}, {7, 20, 33}, {40, 75, 50}, {48, 64, 100}, {33, 1, 9}};

TEST_F(TilesTest, HoldTheRoundedRowsAndZerosBehindThem) {
  const Matrix matrix = RandomMatrix(37, 45, 1);
  const Tiles expected(matrix);
  ASSERT_TRUE(expected.IsPadded());
  for (const Named& named : kernels_) {
    Tiles tiles(37, 45);
    for (int64_t panel = 0; panel < 3; ++panel) {
      Bf16Gemm(*named.kernels)
          .RoundToTiles(matrix.view.Rows(panel * 16, std::min<int64_t>(16, 37 - panel * 16)), panel,
                        tiles.view);
    }
    EXPECT_EQ(std::memcmp(tiles.view.data, expected.view.data, TileMatrixSize(37, 45) * 2), 0)
        << named.name;
  }
  EXPECT_EQ(expected(36, 44),
            Widened(static_cast<Bf16>((std::bit_cast<uint32_t>(matrix.view(36, 44)) + 0x7fff +
                                       (std::bit_cast<uint32_t>(matrix.view(36, 44)) >> 16 & 1)) >>
                                      16)));
}

TEST_F(TilesTest, ArePackedAsTheFloatsThatTheyHold) {
  const Matrix matrix = SmallNumbers(53, 75, 2);
  const Tiles tiles(matrix);
  for (const bool is_b : {false, true}) {
    const Factor floats = {matrix.view, true, is_b}, in_tiles = {tiles.view, true, is_b};
    const int64_t size = TilesFor(floats.inner()) * kTileSize;
    AlignedMatrix expected(1, size), got(1, size);
    for (const Named& named : kernels_) {
      for (int64_t panel = 0; panel < PanelsFor(floats.outer()); ++panel) {
        std::vector<float> sums(kTile, 77.0f);
        PlainBf16Kernels().pack(floats, panel, reinterpret_cast<Bf16*>(expected.view().data),
                                nullptr);
        named.kernels->pack(in_tiles, panel, reinterpret_cast<Bf16*>(got.view().data),
                            is_b ? sums.data() : nullptr);
        EXPECT_EQ(std::memcmp(expected.view().data, got.view().data, size * sizeof(Bf16)), 0)
            << named.name << ", panel " << panel << (is_b ? ", B" : ", A");
        for (int64_t j = 0; is_b && j < kTile; ++j) {
          float sum = 77;  // beyond the last column nothing is written
          if (panel * kTile + j < 75) {
            sum = 0;
            for (int64_t i = 0; i < 53; ++i) sum += matrix.view(i, panel * kTile + j);
          }
          EXPECT_EQ(sums[j], sum) << named.name << ", panel " << panel << ", column " << j;
        }
      }
    }
  }
}

TEST_F(TilesTest, AForwardProductReadsAndWritesThem) {
  for (const Named& named : kernels_) {
    for (const auto& [m, n, k] : kTileShapes) {
      SCOPED_TRACE(StrCat(named.name, " ", m, " x ", n, " x ", k));
      const Matrix x = SmallNumbers(m, k, 1), w = SmallNumbers(k, n, 2),
                   bias = SmallNumbers(1, n, 3);
      const Matrix other = SmallNumbers(m, 5, 4), v = SmallNumbers(5, n, 5),
                   added = SmallNumbers(3, n, 6);
      std::vector<uint32_t> of;
      for (int64_t i = 0; i + 2 < m; ++i) of.push_back(static_cast<uint32_t>(i % 3));
      const Tiles x_tiles(x);
      Tiles y(m, n);
      GemmOptions options = {.relu = true, .bias = bias.view.data};
      options.added = added.view;
      options.added_of = {of.data(), static_cast<int64_t>(of.size())};
      const GemmTerm terms[] = {{x_tiles.view, w.view}, {other.view, v.view}};
      Bf16Gemm(*named.kernels).Run(options, terms, y.view);
      EXPECT_TRUE(y.IsPadded());
      for (int64_t i = 0; i < m; ++i) {
        for (int64_t j = 0; j < n; ++j) {
          double sum = DotOf(x, w, i, j) + DotOf(other, v, i, j) + bias.view(0, j);
          if (i < static_cast<int64_t>(of.size())) sum += added.view(of[i], j);
          Matrix one = {1, 1, {static_cast<float>(std::max(sum, 0.0))}};
          ASSERT_EQ(y(i, j), Tiles(one)(0, 0)) << i << ", " << j;
        }
      }
    }
  }
}

TEST_F(TilesTest, AWeightGradientReadsBothFactorsAndSumsTheSecond) {
  for (const Named& named : kernels_) {
    for (const auto& [m, n, rows] : kTileShapes) {
      SCOPED_TRACE(StrCat(named.name, " ", m, " x ", n, " x ", rows));
      const Matrix x = SmallNumbers(rows, m, 1), dy = SmallNumbers(rows, n, 2);
      const Tiles x_tiles(x), dy_tiles(dy);
      std::vector<float> sums(n);
      Matrix gradient = RandomMatrix(m, n, 3);
      Bf16Gemm(*named.kernels)
          .Run({.transpose_a = true, .column_sums = sums.data()},
               GemmTerm{x_tiles.view, dy_tiles.view}, gradient.view);
      for (int64_t j = 0; j < n; ++j) {
        float sum = 0;
        for (int64_t i = 0; i < rows; ++i) sum += dy.view(i, j);
        EXPECT_EQ(sums[j], sum);
        for (int64_t i = 0; i < m; ++i) {
          double expected = 0;
          for (int64_t r = 0; r < rows; ++r) expected += double{x.view(r, i)} * dy.view(r, j);
          ASSERT_EQ(gradient.view(i, j), expected) << i << ", " << j;
        }
      }
    }
  }
}

TEST_F(TilesTest, AnInputGradientIsZeroWhereTheUnitsAre) {
  for (const Named& named : kernels_) {
    for (const auto& [m, n, k] : kTileShapes) {
      SCOPED_TRACE(StrCat(named.name, " ", m, " x ", n, " x ", k));
      // Two parts of dy, with weights [n, k] and [n, 9] that are read transposed.
      const Matrix a = SmallNumbers(m, k, 1), b = SmallNumbers(m, 9, 2);
      const Matrix w = SmallNumbers(n, k, 3), v = SmallNumbers(n, 9, 4),
                   units = SmallNumbers(m, n, 5);
      const Tiles a_tiles(a), b_tiles(b), unit_tiles(units);
      Tiles dx(m, n);
      const GemmTerm terms[] = {{a_tiles.view, w.view}, {b_tiles.view, v.view}};
      GemmOptions options = {.transpose_b = true};
      options.positive = unit_tiles.view;
      Bf16Gemm(*named.kernels).Run(options, terms, dx.view);
      EXPECT_TRUE(dx.IsPadded());
      for (int64_t i = 0; i < m; ++i) {
        for (int64_t j = 0; j < n; ++j) {
          double sum = 0;
          for (int64_t p = 0; p < k; ++p) sum += double{a.view(i, p)} * w.view(j, p);
          for (int64_t p = 0; p < 9; ++p) sum += double{b.view(i, p)} * v.view(j, p);
          Matrix one = {1, 1, {static_cast<float>(sum)}};
          ASSERT_EQ(dx(i, j), units.view(i, j) > 0 ? Tiles(one)(0, 0) : 0.0f) << i << ", " << j;
        }
      }
    }
  }
}

TEST_F(TilesTest, ALayerOfWidthOneReadsThem) {
  for (const auto& [rows, cols, unused] : kTileShapes) {
    const Matrix x = SmallNumbers(rows, cols, 1), weight = SmallNumbers(1, cols, 2);
    const Matrix dz = SmallNumbers(rows, 1, 3);
    const Tiles tiles(x);
    Matrix z = RandomMatrix(rows, 1, 4);
    DotTileRows(tiles.view, weight.view.data, 5.0f, z.view);
    std::vector<float> gradient(cols, 77.0f);
    SumScaledTileRows(tiles.view, dz.view, gradient.data());
    for (int64_t j = 0; j < cols; ++j) {
      double sum = 0;
      for (int64_t i = 0; i < rows; ++i) sum += double{dz.view(i, 0)} * x.view(i, j);
      EXPECT_EQ(gradient[j], sum);
    }
    for (int64_t i = 0; i < rows; ++i) {
      double sum = 5;
      for (int64_t j = 0; j < cols; ++j) sum += double{x.view(i, j)} * weight.view(0, j);
      EXPECT_EQ(z.view(i, 0), sum);
    }
    for (const Named& named : kernels_) {
      Tiles dx(rows, cols);
      Bf16Gemm(*named.kernels)
          .DotRowsBackward(tiles.view, weight.view.data, dz.view, dx.view, 2.0f);
      EXPECT_TRUE(dx.IsPadded());
      for (int64_t i = 0; i < rows; ++i) {
        for (int64_t j = 0; j < cols; ++j) {
          const float passed = 2 * dz.view(i, 0) * weight.view(0, j);
          EXPECT_EQ(dx(i, j), x.view(i, j) > 0 ? passed : 0.0f) << named.name;
        }
      }
    }
  }
}

TEST_F(TilesTest, RowsAreSummedByIndex) {
  const Matrix from = SmallNumbers(20, 40, 1);
  const Tiles tiles(from);
  std::vector<uint32_t> index;
  for (uint32_t i = 0; i < 18; ++i) index.push_back(i * 7 % 5);
  Matrix sums = RandomMatrix(6, 40, 2);
  SumTileRowsByIndex(tiles.view, index.data(), 18, sums.view);
  for (int64_t to = 0; to < 6; ++to) {
    for (int64_t j = 0; j < 40; ++j) {
      float sum = 0;
      for (int64_t i = 0; i < 18; ++i) sum += index[i] == to ? from.view(i, j) : 0.0f;
      EXPECT_EQ(sums.view(to, j), sum);
    }
  }
}

}  // namespace
}  // namespace chorus::worker
