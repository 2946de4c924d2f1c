// Operations of layers on the CUDA device against the CPU's and against double loops, over odd
// shapes: dropout, batch normalisation, attention.

#include <algorithm>
#include <initializer_list>

#include "common/random.h"
#include "tests/worker/cuda/dense_operations_testing.h"
#include "worker/math/dropout.h"

namespace chorus::worker::testing {
namespace {

using LayerOperationsTest = DenseOperationsTest;

TEST_F(LayerOperationsTest, DropoutDropsTheSameUnits) {
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
TEST_F(LayerOperationsTest, DropoutReadsTheStepOnTheDevice) {
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

TEST_F(LayerOperationsTest, BatchNormAndItsGradient) {
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

TEST_F(LayerOperationsTest, AttentionOverAPairAndItsGradient) {
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

// Every item kernel, with the same bits on both.
TEST_F(LayerOperationsTest, ItemKernelsComputeTheSameBits) {
  constexpr int64_t kSlots = 3, kDim = 4, kWidth = kSlots * kDim;
  for (const int64_t rows : kOddRows) {
    SCOPED_TRACE(rows);
    BothBackends both(device_.get());
    const size_t a = both.Matrix(rows, kWidth), b = both.Matrix(rows, kWidth);
    const size_t product = both.Matrix(rows, kWidth), scaled = both.Matrix(rows, kWidth);
    const size_t dots = both.Matrix(rows, 1), shares = both.Matrix(rows, kSlots);
    const size_t gradient = both.Matrix(rows, kSlots), sum = both.Matrix(rows, kDim);
    const size_t squares = both.Matrix(rows, kDim), slots = both.Matrix(rows, kWidth);
    const size_t pairs = both.Matrix(rows, kSlots * kSlots), among = both.Matrix(rows, kSlots);
    const size_t of_pairs = both.Matrix(rows, kWidth), of_among = both.Matrix(rows, kWidth);
    using Of = PairDotBackwardItems::Of;
    both.Run([&](const BothBackends::Arguments& on) {
      for (const ItemKernel& kernel : std::initializer_list<ItemKernel>{
               MultiplyItems{on[a], on[b], 0.5f, on[product], true},
               AddScaledItems{-0.5f, on[a], on[scaled], true},
               RowDotItems{on[a], on[b], on[dots], false},
               ScaleRowsItems{on[dots], on[b], on[scaled], true},
               SoftmaxItems{on[a].Columns(0, kSlots), on[shares]},
               SoftmaxBackwardItems{on[shares], on[gradient]},
               SlotSumItems{on[a], kSlots, on[sum], on[squares], true},
               SlotSumBackwardItems{on[a], on[sum], on[squares], on[slots], true},
               PairDotItems{on[a], on[b], kDim, false, on[pairs]},
               PairDotItems{on[a], on[a], kDim, true, on[among]},
               PairDotBackwardItems{on[pairs], on[b], kDim, Of::kFirst, on[of_pairs], false},
               PairDotBackwardItems{on[pairs], on[a], kDim, Of::kSecond, on[of_pairs], true},
               PairDotBackwardItems{on[among], on[a], kDim, Of::kTriangle, on[of_among], true}}) {
        on.backend->ForEach(kernel);
      }
    });
    both.ExpectSame(0);
    both.ExpectNear(
        product,
        [&](int64_t i, int64_t j) {
          return both.before(product, i, j) + 0.5 * both.before(a, i, j) * both.before(b, i, j);
        },
        1e-6);
  }
}

// Those of activations, gates and normalisation, each with outputs of its own.
TEST_F(LayerOperationsTest, ActivationKernelsComputeTheSameBits) {
  constexpr int64_t kSlots = 3, kDim = 4, kWidth = kSlots * kDim;
  constexpr Pointwise kFunctions[] = {Pointwise::kRelu, Pointwise::kGelu, Pointwise::kTwiceSigmoid};
  for (const int64_t rows : kOddRows) {
    SCOPED_TRACE(rows);
    BothBackends both(device_.get());
    const size_t x = both.Matrix(rows, kWidth), dy = both.Matrix(rows, kWidth);
    const size_t alpha = both.Matrix(1, kWidth), bias = both.Matrix(1, kWidth);
    const size_t normalized = both.Matrix(rows, kWidth);
    std::vector<size_t> out;
    for (int i = 0; i < 17; ++i) out.push_back(both.Matrix(rows, kWidth));
    const size_t moments = both.Matrix(rows, 2), means = both.Matrix(rows, kSlots);
    const size_t dots = both.Matrix(rows, kSlots);
    both.Run([&](const BothBackends::Arguments& on) {
      const auto row = [&](size_t of) {
        return MatrixView<const float>(on[of].data, rows, kWidth, 0);
      };
      for (size_t f = 0; f < 3; ++f) {
        on.backend->ForEach(PointwiseItems{kFunctions[f], on[x], on[out[f]]});
        on.backend->ForEach(
            PointwiseBackwardItems{kFunctions[f], on[x], on[dy], on[out[3 + f]], f > 0});
      }
      for (const ItemKernel& kernel : std::initializer_list<ItemKernel>{
               LeakItems{on[x], row(alpha), on[out[6]]},
               LeakBackwardItems{on[x], row(alpha), on[dy], on[out[7]], on[out[8]], true},
               RowMomentsItems{on[x], on[moments]},
               RowNormalizeItems{on[x], on[moments], row(alpha), row(bias), on[normalized],
                                 on[out[9]]},
               RowNormalizeBackwardItems{on[normalized], on[moments], row(alpha), on[dy],
                                         on[out[10]], true},
               DiceItems{on[x], on[normalized], row(alpha), on[out[11]]},
               DiceBackwardItems{on[x], on[normalized], row(alpha), on[dy], on[out[12]],
                                 on[out[13]], on[out[14]]},
               SlotMeanItems{on[x], kDim, on[means]},
               ScaleSlotsItems{0.5f, on[means], on[x], kDim, on[out[15]], true},
               ScaleSlotsItems{1.0f, on[means], {}, kDim, on[out[16]], false},
               SlotDotItems{on[x], on[dy], kDim, on[dots], true}}) {
        on.backend->ForEach(kernel);
      }
    });
    both.ExpectSame(0);
  }
}

// Of sequences of no element, of one, of some and of all.
TEST_F(LayerOperationsTest, SelfAttentionKernelsComputeTheSameBits) {
  constexpr int64_t kLength = 5, kHeads = 2, kHeadDim = 3, kUnits = kHeads * kHeadDim;
  for (const int64_t rows : kOddRows) {
    SCOPED_TRACE(rows);
    BothBackends both(device_.get());
    const int64_t elements = rows * kLength;
    const size_t count = both.Matrix(rows, 1), query = both.Matrix(elements, kUnits);
    const size_t key = both.Matrix(elements, kUnits), value = both.Matrix(elements, kUnits);
    const size_t share = both.Matrix(elements, kHeads * kLength);
    const size_t dshare = both.Matrix(elements, kHeads * kLength);
    const size_t mixed = both.Matrix(elements, kUnits), back = both.Matrix(elements, kUnits);
    const size_t position = both.Matrix(kLength, kUnits), dposition = both.Matrix(kLength, kUnits);
    const size_t folded = both.Matrix(rows, kLength * kUnits), pooled = both.Matrix(rows, kUnits);
    using Pooling = PoolElementsItems::Pooling;
    both.Run([&](const BothBackends::Arguments& on) {
      for (int64_t i = 0; i < rows; ++i) {
        on.backend->Fill(static_cast<float>(i % (kLength + 1)), on[count].Rows(i, 1));
      }
      const SequenceRows of = {on[count], kLength};
      for (const ItemKernel& kernel : std::initializer_list<ItemKernel>{
               AddPositionItems{of, on[position], on[query]},
               ElementShareItems{of, on[query], on[key], kHeadDim, on[share]},
               ElementMixItems{of, on[share], on[value], kHeadDim, false, on[mixed]},
               ElementShareBackwardItems{of, on[share], on[mixed], on[value], kHeadDim, on[dshare]},
               ElementMixItems{of, on[dshare], on[query], kHeadDim, true, on[back]},
               PositionGradientItems{of, on[back], on[dposition]},
               PoolElementsItems{on[folded], on[count], Pooling::kMean, kUnits, on[pooled]},
               PoolElementsBackwardItems{on[pooled], on[count], Pooling::kLast, kUnits, on[folded],
                                         true}}) {
        on.backend->ForEach(kernel);
      }
    });
    both.ExpectSame(0);
  }
}

}  // namespace
}  // namespace chorus::worker::testing
