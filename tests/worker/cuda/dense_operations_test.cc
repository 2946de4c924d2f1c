// Dense operations of the CUDA device against the CPU's and against double loops, over odd shapes:
// products, rows, and layers' ends.

#include <algorithm>

#include "common/random.h"
#include "tests/worker/cuda/dense_operations_testing.h"

namespace chorus::worker::testing {
namespace {

TEST_F(DenseOperationsTest, GemmOfEveryShapeAndEpilogue) {
  const int64_t sizes[][3] = {{0, 3, 3},    {3, 0, 3},     {3, 3, 0},    {1, 1, 1},    {31, 33, 1},
                              {33, 31, 31}, {1, 1000, 33}, {1000, 1, 7}, {33, 7, 1000}};
  for (const auto& [m, n, k] : sizes) {
    for (int bits = 0; bits < 16; ++bits) {
      GemmOptions options = {.transpose_a = (bits & 1) != 0,
                             .transpose_b = (bits & 2) != 0,
                             .accumulate = (bits & 4) != 0,
                             .relu = (bits & 8) != 0};
      const bool with_bias = !options.transpose_a && !options.accumulate;
      if (options.relu && options.transpose_a) continue;
      SCOPED_TRACE(StrCat(m, " x ", n, " x ", k, " options ", bits));
      BothBackends both(device_.get());
      const size_t a = options.transpose_a ? both.Matrix(k, m) : both.Matrix(m, k);
      const size_t b = options.transpose_b ? both.Matrix(n, k, 1) : both.Matrix(k, n, 1);
      const size_t c = both.Matrix(m, n, 2), bias = both.Vector(n);
      both.Run([&](const BothBackends::Arguments& on) {
        GemmOptions own = options;
        own.bias = with_bias ? on.row(bias) : nullptr;
        ASSERT_TRUE(on.backend->Gemm(own, on[a], on[b], on[c]).ok());
      });
      both.ExpectSame(SumError(k));
      const auto product = [&, depth = k](int64_t i, int64_t j) {
        double sum = (options.accumulate ? both.before(c, i, j) : 0.0) +
                     (with_bias ? both.before(bias, 0, j) : 0.0);
        for (int64_t p = 0; p < depth; ++p) {
          sum += (options.transpose_a ? both.before(a, p, i) : both.before(a, i, p)) *
                 (options.transpose_b ? both.before(b, j, p) : both.before(b, p, j));
        }
        return options.relu ? std::max(sum, 0.0) : sum;
      };
      both.ExpectNear(c, product, SumError(k));
    }
  }
}

// Inputs of `bits` bits of mantissa, products and sums of float32: what is computed is the product
// of the rounded inputs, and each rounding errs by at most 2^-(bits + 1).
void ExpectRoundedProducts(DevicePrecision precision, int bits) {
  const std::unique_ptr<Device> device = OpenTestDevice(precision);
  const auto rounded = [bits](double value) {
    int exponent = 0;
    const double mantissa = std::frexp(value, &exponent);  // in [1/2, 1): its first bit is implied
    return std::ldexp(std::nearbyint(std::ldexp(mantissa, bits + 1)), exponent - bits - 1);
  };
  for (const int64_t k : {1, 33}) {
    for (int options = 0; options < 4; ++options) {
      BothBackends both(device.get());
      const GemmOptions gemm = {.transpose_a = (options & 1) != 0,
                                .transpose_b = (options & 2) != 0};
      const size_t a = gemm.transpose_a ? both.Matrix(k, 31) : both.Matrix(31, k);
      const size_t b = gemm.transpose_b ? both.Matrix(7, k) : both.Matrix(k, 7);
      const size_t c = both.Matrix(31, 7);
      both.Run([&](const BothBackends::Arguments& on) {
        ASSERT_TRUE(on.backend->Gemm(gemm, on[a], on[b], on[c]).ok());
      });
      const auto product = [&](int64_t i, int64_t j) {
        double sum = 0;
        for (int64_t p = 0; p < k; ++p) {
          sum += rounded(gemm.transpose_a ? both.before(a, p, i) : both.before(a, i, p)) *
                 rounded(gemm.transpose_b ? both.before(b, j, p) : both.before(b, p, j));
        }
        return sum;
      };
      both.ExpectNear(c, product, SumError(k));
      both.ExpectSame(static_cast<double>(k) * std::ldexp(1.0, -bits));
    }
  }
}

TEST_F(DenseOperationsTest, ProductsRoundTheirInputsToTf32) {
  ExpectRoundedProducts(DevicePrecision::kTf32, 10);
}
TEST_F(DenseOperationsTest, ProductsRoundTheirInputsToBf16) {
  ExpectRoundedProducts(DevicePrecision::kBf16, 7);
}

TEST_F(DenseOperationsTest, FillAndCopyTouchTheirMatrixAlone) {
  for (const int64_t rows : kOddRows) {
    BothBackends both(device_.get());
    const size_t from = both.Matrix(rows, 5), to = both.Matrix(rows, 5),
                 filled = both.Matrix(rows, 7);
    both.Run([&](const BothBackends::Arguments& on) {
      on.backend->Copy(on[from], on[to]);
      on.backend->Fill(2.5f, on[filled]);
    });
    both.ExpectSame(0);
    both.ExpectNear(
        to, [&](int64_t i, int64_t j) { return both.before(from, i, j); }, 0);
    both.ExpectNear(
        filled, [](int64_t, int64_t) { return 2.5; }, 0);
  }
}

// Rows that belong to `values` others, and the same by value.
struct Index {
  std::vector<uint32_t> of, order, begins;
  Index(int64_t rows, int64_t values) : begins(static_cast<size_t>(values) + 1) {
    for (int64_t i = 0; i < rows; ++i) {
      of.push_back(static_cast<uint32_t>(Random(9, RandomPurpose::kTest, i) %
                                         static_cast<uint64_t>(values)));
    }
    for (uint32_t v = 0; v < values; ++v) {
      for (uint32_t i = 0; i < of.size(); ++i) {
        if (of[i] == v) order.push_back(i);
      }
      begins[v + 1] = static_cast<uint32_t>(order.size());
    }
  }
};

TEST_F(DenseOperationsTest, RowsAreGatheredAndSummedInOrder) {
  for (const int64_t rows : kOddRows) {
    for (const int64_t values : {1, 8, 300}) {
      SCOPED_TRACE(StrCat(rows, " rows of ", values));
      const Index index(rows, values);
      BothBackends both(device_.get());
      const size_t exposures = both.Matrix(rows, 5), sums = both.Matrix(values, 5);
      const size_t contexts = both.Matrix(values, 5), gathered = both.Matrix(rows + 2, 5);
      const size_t added = both.Matrix(rows, 5);
      const size_t of = both.Constant(index.of), order = both.Constant(index.order);
      const size_t begins = both.Constant(index.begins);
      both.Run([&](const BothBackends::Arguments& on) {
        const RowIndex by = {on.constant<uint32_t>(of), rows, on.constant<uint32_t>(order),
                             on.constant<uint32_t>(begins)};
        on.backend->SumRowsByIndex(on[exposures], by, on[sums]);
        on.backend->GatherRows(on[contexts], by, on[gathered]);
        on.backend->AddGatheredRows(on[contexts], by, on[added]);
      });
      both.ExpectSame(0);
      const auto sum = [&](int64_t v, int64_t j) {
        double total = 0;
        for (int64_t i = 0; i < rows; ++i)
          total += index.of[i] == v ? both.before(exposures, i, j) : 0;
        return total;
      };
      both.ExpectNear(sums, sum, SumError(rows));
      const auto context = [&](int64_t i, int64_t j) {
        return i < rows ? both.before(contexts, index.of[i], j) : 0.0;
      };
      both.ExpectNear(gathered, context, 0);
      both.ExpectNear(
          added, [&](int64_t i, int64_t j) { return both.before(added, i, j) + context(i, j); },
          1e-7);
    }
  }
}

TEST_F(DenseOperationsTest, ReluPassesGradientsBackAndSumsThem) {
  for (const int64_t rows : kOddRows) {
    for (const int64_t cols : {1, 33, 80}) {
      SCOPED_TRACE(StrCat(rows, " x ", cols));
      BothBackends both(device_.get());
      const size_t y = both.Matrix(rows, cols), gradient = both.Matrix(rows, cols);
      const size_t bias = both.Vector(cols);
      both.Run([&](const BothBackends::Arguments& on) {
        on.backend->ReluBackward(on[y], on[gradient], on.row(bias));
      });
      both.ExpectSame(SumError(rows));
      const auto passed = [&](int64_t i, int64_t j) {
        return both.before(y, i, j) > 0 ? both.before(gradient, i, j) : 0.0;
      };
      both.ExpectNear(gradient, passed, 0);
      const auto sum = [&](int64_t, int64_t j) {
        double total = 0;
        for (int64_t i = 0; i < rows; ++i) total += passed(i, j);
        return total;
      };
      both.ExpectNear(bias, sum, SumError(rows));
    }
  }
}

TEST_F(DenseOperationsTest, LayersOfWidthOne) {
  for (const int64_t rows : kOddRows) {
    for (const int64_t cols : {1, 15, 16, 33}) {
      SCOPED_TRACE(StrCat(rows, " x ", cols));
      const int64_t passed = (cols + 1) / 2;
      BothBackends both(device_.get());
      const size_t x = both.Matrix(rows, cols), w = both.Vector(cols), b = both.Vector(1);
      const size_t z = both.Matrix(rows, 1, 2), plain = both.Matrix(rows, 1, 2);
      const size_t dz = both.Matrix(rows, 1, 4), sum = both.Vector(1), dw = both.Vector(cols);
      const size_t dx = both.Matrix(rows, passed);
      both.Run([&](const BothBackends::Arguments& on) {
        on.backend->DotRows(on[x], on.row(w), on.row(b), on[z]);
        on.backend->DotRows(on[x], on.row(w), nullptr, on[plain]);
        on.backend->SumColumn(on[dz], on.row(sum));
        on.backend->DotRowsBackward(on[x], on.row(w), on[dz], on.row(dw), on[dx], -0.5f, true);
      });
      both.ExpectSame(SumError(rows));
      const auto dot = [&](int64_t i, int64_t) {
        double total = 0;
        for (int64_t j = 0; j < cols; ++j) total += both.before(x, i, j) * both.before(w, 0, j);
        return total;
      };
      both.ExpectNear(plain, dot, SumError(cols));
      both.ExpectNear(
          z, [&](int64_t i, int64_t j) { return dot(i, j) + both.before(b, 0); }, SumError(cols));
      const auto of_weight = [&](int64_t, int64_t j) {
        double total = 0;
        for (int64_t i = 0; i < rows; ++i) total += both.before(dz, i) * both.before(x, i, j);
        return total;
      };
      both.ExpectNear(dw, of_weight, SumError(rows));
      const auto of_input = [&](int64_t i, int64_t j) {
        return both.before(dx, i, j) - 0.5 * both.before(dz, i) * both.before(w, 0, j);
      };
      both.ExpectNear(dx, of_input, 1e-6);
      double total = 0;
      for (int64_t i = 0; i < rows; ++i) total += both.before(dz, i);
      both.ExpectNear(
          sum, [&](int64_t, int64_t) { return total; }, 1e-6);
    }
  }
}

}  // namespace
}  // namespace chorus::worker::testing
