// Every dense operation of the CUDA device against the CPU's and against double loops, over odd
// shapes. Terms have size one: a float sum of n of them errs by about n * 1e-7.

#include <algorithm>

#include "common/random.h"
#include "tests/cuda/both_backends.h"
#include "worker/layer/dropout.h"

namespace chorus::worker {
namespace {

class DenseOperationsTest : public testing::Test {
 protected:
  const std::unique_ptr<Device> device_ = OpenTestDevice();
};

double SumError(int64_t terms) { return 1e-7 * static_cast<double>(terms + 10); }

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
      const auto product = [&](int64_t i, int64_t j) {
        double sum = (options.accumulate ? both.before(c, i, j) : 0.0) +
                     (with_bias ? both.before(bias, 0, j) : 0.0);
        for (int64_t p = 0; p < k; ++p) {
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

TEST_F(DenseOperationsTest, DropoutDropsTheSameUnits) {
  for (const int64_t rows : kOddRows) {
    std::vector<uint64_t> ids;
    for (int64_t i = 0; i < rows; ++i) ids.push_back(Random(3, RandomPurpose::kTest, i));
    BothBackends both(device_.get());
    const size_t x = both.Matrix(rows + 3, 17), y = both.Matrix(rows + 3, 17);
    const size_t back = both.Matrix(rows + 3, 17);
    const size_t id = both.Constant(ids);
    const DropoutLayer layer("tower.cvr.0", 0.25);
    both.Run([&](const BothBackends::Arguments& on) {
      const DropoutMask mask = layer.MaskOf({5, 7, on.constant<uint64_t>(id), rows});
      on.backend->Dropout(mask, on[x], on[y]);
      on.backend->PassPositive(on[y], 2.0f, on[x], on[back], true);
    });
    both.ExpectSame(0);
    const DropoutMask mask = layer.MaskOf({5, 7, ids.data(), rows});
    const auto kept = [&](int64_t i, int64_t j) {
      const double factor = i < rows ? DropoutFactor(mask, ids[i], static_cast<uint64_t>(j)) : 0.0;
      return factor * both.before(x, i, j);
    };
    both.ExpectNear(y, kept, 1e-7);
    const auto passed = [&](int64_t i, int64_t j) {
      return both.before(back, i, j) + (kept(i, j) > 0 ? 2 * both.before(x, i, j) : 0.0);
    };
    both.ExpectNear(back, passed, 1e-6);
  }
}

// As a kernel does that is started again in another step.
TEST_F(DenseOperationsTest, DropoutReadsTheStepOnTheDevice) {
  constexpr int64_t kRows = 33, kCols = 17;
  const std::vector<uint64_t> ids(kRows, 11), steps = {7, 8};
  const std::vector<float> ones(kRows * kCols, 1.0f);
  DeviceArrays arrays(device_.get());
  const DropoutLayer layer("tower.cvr.0", 0.25);
  const uint64_t* const on_device = arrays.Put(steps);
  float* const out = arrays.Put(ones);
  for (size_t i = 0; i < steps.size(); ++i) {
    const DropoutDraw told = {5, steps[i], ids.data(), kRows};
    const DropoutDraw read = {5, 1, arrays.Put(ids), kRows, on_device + i};
    device_->Dropout(layer.MaskOf(read), {arrays.Put(ones), kRows, kCols}, {out, kRows, kCols});
    std::vector<float> expected(ones.size());
    Dropout(layer.MaskOf(told), {ones.data(), kRows, kCols}, {expected.data(), kRows, kCols});
    EXPECT_EQ(arrays.Get(out, ones.size()), expected) << "step " << steps[i];
  }
}

TEST_F(DenseOperationsTest, BatchNormAndItsGradient) {
  for (const int64_t rows : kOddRows) {
    for (const bool of_moments : {true, false}) {
      SCOPED_TRACE(StrCat(rows, " rows, of moments: ", of_moments));
      const int64_t cols = 33;
      BothBackends both(device_.get());
      const size_t y = both.Matrix(rows, cols), normalized = both.Matrix(rows, cols);
      const size_t mean = both.Vector(cols), variance = both.Vector(cols), bias = both.Vector(cols);
      const size_t gradient = both.Matrix(rows, cols);
      both.Run([&](const BothBackends::Arguments& on) {
        on.backend->ColumnMoments(on[y], on.row(mean), on.row(variance));
        on.backend->NormalizeRelu(on.row(mean), on.row(variance), on.row(bias), on[normalized],
                                  on[y]);
        on.backend->NormalizeBackward(on[normalized], on.row(variance), of_moments, on[gradient]);
      });
      // One row has no variance: differences of rounding are divided by sqrt(1e-5).
      both.ExpectSame(1e-4);
      const auto average = [&](int64_t j, const auto& term) {
        double sum = 0;
        for (int64_t i = 0; i < rows; ++i) sum += term(i, j);
        return rows > 0 ? sum / static_cast<double>(rows) : 0.0;
      };
      const auto z = [&](int64_t i, int64_t j) { return both.before(y, i, j); };
      const auto center = [&](int64_t, int64_t j) { return average(j, z); };
      std::vector<double> spread(cols);
      for (int64_t j = 0; j < cols; ++j) {
        const double c = center(0, j);
        spread[j] = rows == 0 ? 1.0 : average(j, [&](int64_t i, int64_t k) {
          return (z(i, k) - c) * (z(i, k) - c);
        });
      }
      both.ExpectNear(mean, center, 1e-6);
      both.ExpectNear(
          variance, [&](int64_t, int64_t j) { return spread[j]; }, 1e-6);
      std::vector<double> kept(static_cast<size_t>(rows * cols));
      for (int64_t j = 0; j < cols; ++j) {
        const double c = center(0, j);
        for (int64_t i = 0; i < rows; ++i) {
          kept[i * cols + j] = (z(i, j) - c) / std::sqrt(spread[j] + 1e-5);
        }
      }
      const auto normal = [&](int64_t i, int64_t j) { return kept[i * cols + j]; };
      both.ExpectNear(normalized, normal, 1e-4);
      const auto active = [&](int64_t i, int64_t j) {
        return std::max(normal(i, j) + both.before(bias, 0, j), 0.0);
      };
      both.ExpectNear(y, active, 1e-4);
      std::vector<double> shift(cols), slope(cols);
      const auto g = [&](int64_t i, int64_t j) { return both.before(gradient, i, j); };
      for (int64_t j = 0; j < cols && of_moments; ++j) {
        shift[j] = average(j, g);
        slope[j] = average(j, [&](int64_t i, int64_t k) { return g(i, k) * normal(i, k); });
      }
      const auto back = [&](int64_t i, int64_t j) {
        return (g(i, j) - shift[j] - slope[j] * normal(i, j)) / std::sqrt(spread[j] + 1e-5);
      };
      both.ExpectNear(gradient, back, 1e-4);
    }
  }
}

TEST_F(DenseOperationsTest, AttentionOverAPairAndItsGradient) {
  for (const int64_t rows : kOddRows) {
    for (const int64_t m : {1, 17}) {
      SCOPED_TRACE(StrCat(rows, " x ", m));
      BothBackends both(device_.get());
      const size_t from = both.Matrix(rows, 3 * m), to = both.Matrix(rows, 3 * m);
      const size_t share = both.Matrix(rows, 1), out = both.Matrix(rows, m);
      const size_t dout = both.Matrix(rows, m), dfrom = both.Matrix(rows, 3 * m);
      const size_t dto = both.Matrix(rows, 3 * m);
      both.Run([&](const BothBackends::Arguments& on) {
        on.backend->AttendPair(on[from], on[to], on[share], on[out]);
        on.backend->AttendPairBackward(on[from], on[to], on[share], on[dout], on[dfrom], on[dto],
                                       true);
      });
      both.ExpectSame(1e-6);
      const double root = std::sqrt(static_cast<double>(m));
      const auto part = [&](size_t x, int64_t i, int64_t which, int64_t j) {
        return both.before(x, i, which * m + j);
      };
      const auto sum = [&](const auto& term) {
        double total = 0;
        for (int64_t j = 0; j < m; ++j) total += term(j);
        return total;
      };
      const auto p = [&](int64_t i) {
        const double score = sum([&](int64_t j) {
          return part(from, i, 0, j) * part(from, i, 1, j) - part(to, i, 0, j) * part(to, i, 1, j);
        });
        return 1 / (1 + std::exp(-score / root));
      };
      both.ExpectNear(
          share, [&](int64_t i, int64_t) { return p(i); }, 1e-6);
      const auto mixed = [&](int64_t i, int64_t j) {
        return p(i) * part(from, i, 2, j) + (1 - p(i)) * part(to, i, 2, j);
      };
      both.ExpectNear(out, mixed, 1e-5);
      const auto of_score = [&](int64_t i) {
        return p(i) * (1 - p(i)) / root * sum([&](int64_t j) {
                 return both.before(dout, i, j) * (part(from, i, 2, j) - part(to, i, 2, j));
               });
      };
      const auto of_token = [&](size_t x, int64_t i, int64_t at, double ds, double factor) {
        const int64_t which = at / m, j = at % m;
        if (which == 2) return factor * both.before(dout, i, j);
        return ds * part(x, i, 1 - which, j);
      };
      both.ExpectNear(
          dfrom, [&](int64_t i, int64_t at) { return of_token(from, i, at, of_score(i), p(i)); },
          1e-5);
      const auto of_to = [&](int64_t i, int64_t at) {
        return both.before(dto, i, at) + of_token(to, i, at, -of_score(i), 1 - p(i));
      };
      both.ExpectNear(dto, of_to, 1e-5);
    }
  }
}

}  // namespace
}  // namespace chorus::worker
