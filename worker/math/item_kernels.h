#pragma once
// Arithmetic of layers item by item: a kernel is a value with the matrices that it reads and
// writes, and computes item (i, j) of a grid of rows() x cols() independently of all others. g++
// and nvcc compile the same lines, so that a backend only runs them (Backend::ForEach), and a layer
// that needs other arithmetic adds a struct here and to ItemKernel. An item adds in the order of
// its loop, so that all backends give the same bits.
//
// Where cores should go through a row otherwise than item by item, a kernel has also Row(i), which
// does the same additions in the same order, but those of neighbouring items side by side.
//
// floats() is what a call moves, for the model of a device's time. Thread safety: values.

#include <cstdint>
#include <variant>

#include "common/device_math.h"
#include "common/matrix_view.h"
#include "worker/math/activation_items.h"
#include "worker/math/item_access.h"
#include "worker/math/partial_sums.h"
#include "worker/math/self_attention_items.h"
#include "worker/math/sequence_items.h"
#include "worker/math/slot_items.h"

namespace chorus::worker {

// to = factor a b, element by element, or += it.
struct MultiplyItems {
  MatrixView<const float> a, b;
  float factor = 1;
  MatrixView<float> to;
  bool accumulate = false;

  int64_t rows() const { return to.rows; }
  int64_t cols() const { return to.cols; }
  int64_t floats() const { return (accumulate ? 4 : 3) * to.rows * to.cols; }
  CHORUS_HD void operator()(int64_t i, int64_t j) const {
    PutItem(factor * (*ItemAt(a, i, j) * *ItemAt(b, i, j)), accumulate, ItemAt(to, i, j));
  }
};

// to = factor from, or += it.
struct AddScaledItems {
  float factor = 1;
  MatrixView<const float> from;
  MatrixView<float> to;
  bool accumulate = true;

  int64_t rows() const { return to.rows; }
  int64_t cols() const { return to.cols; }
  int64_t floats() const { return (accumulate ? 3 : 2) * to.rows * to.cols; }
  CHORUS_HD void operator()(int64_t i, int64_t j) const {
    PutItem(factor * *ItemAt(from, i, j), accumulate, ItemAt(to, i, j));
  }
};

// to[i, :] = factor[i] from[i, :], or += it.  factor: [n, 1] views.
struct ScaleRowsItems {
  MatrixView<const float> factor, from;
  MatrixView<float> to;
  bool accumulate = false;

  int64_t rows() const { return to.rows; }
  int64_t cols() const { return to.cols; }
  int64_t floats() const { return (accumulate ? 3 : 2) * to.rows * to.cols + to.rows; }
  CHORUS_HD void operator()(int64_t i, int64_t j) const {
    PutItem(*ItemAt(factor, i, 0) * *ItemAt(from, i, j), accumulate, ItemAt(to, i, j));
  }
};

// to[i] = <a[i, :], b[i, :]>, or += it; a row stride of 0 repeats one row. The terms are added in
// partial sums, as partial_sums.h says.
struct RowDotItems {
  MatrixView<const float> a, b;
  MatrixView<float> to;  // [n, 1]
  bool accumulate = false;

  int64_t rows() const { return to.rows; }
  int64_t cols() const { return 1; }
  int64_t floats() const { return 2 * a.rows * a.cols + 2 * to.rows; }
  CHORUS_HD void operator()(int64_t i, int64_t) const {
    const float dot = DotProduct(ItemAt(a, i, 0), ItemAt(b, i, 0), a.cols);
    PutItem(dot, accumulate, ItemAt(to, i, 0));
  }
};

// share[i, :] = softmax(logits[i, :]).
struct SoftmaxItems {
  MatrixView<const float> logits;
  MatrixView<float> share;

  int64_t rows() const { return share.rows; }
  int64_t cols() const { return 1; }
  int64_t floats() const { return 2 * share.rows * share.cols; }
  CHORUS_HD void operator()(int64_t i, int64_t) const {
    float most = *ItemAt(logits, i, 0);
    for (int64_t j = 1; j < share.cols; ++j) {
      const float z = *ItemAt(logits, i, j);
      most = z > most ? z : most;
    }
    float sum = 0.0f;
    for (int64_t j = 0; j < share.cols; ++j) {
      const float e = Exp(*ItemAt(logits, i, j) - most);
      *ItemAt(share, i, j) = e;
      sum += e;
    }
    for (int64_t j = 0; j < share.cols; ++j) *ItemAt(share, i, j) /= sum;
  }
};

// gradient[i, :], of shares, becomes that of the logits: s (g - <s, g>).
struct SoftmaxBackwardItems {
  MatrixView<const float> share;
  MatrixView<float> gradient;

  int64_t rows() const { return share.rows; }
  int64_t cols() const { return 1; }
  int64_t floats() const { return 3 * share.rows * share.cols; }
  CHORUS_HD void operator()(int64_t i, int64_t) const {
    float mean = 0.0f;
    for (int64_t j = 0; j < share.cols; ++j) mean += *ItemAt(share, i, j) * *ItemAt(gradient, i, j);
    for (int64_t j = 0; j < share.cols; ++j) {
      float* const g = ItemAt(gradient, i, j);
      *g = *ItemAt(share, i, j) * (*g - mean);
    }
  }
};

// Sums over the slots of a row, which are x's columns [f dim, (f + 1) dim) for f < slots:
//   sum[i, d] = sum of x_f[d],  squares[i, d] = sum of x_f[d]^2; or += them.
struct SlotSumItems {
  MatrixView<const float> x;
  int64_t slots = 0;
  MatrixView<float> sum, squares;  // [n, dim]
  bool accumulate = false;

  int64_t rows() const { return sum.rows; }
  int64_t cols() const { return sum.cols; }
  int64_t floats() const {
    return x.rows * slots * sum.cols + (accumulate ? 4 : 2) * sum.rows * sum.cols;
  }
  CHORUS_HD void operator()(int64_t i, int64_t d) const {
    float total = accumulate ? *ItemAt(sum, i, d) : 0.0f;
    float total_squares = accumulate ? *ItemAt(squares, i, d) : 0.0f;
    for (int64_t f = 0; f < slots; ++f) {
      const float value = *ItemAt(x, i, f * sum.cols + d);
      total += value;
      total_squares += value * value;
    }
    *ItemAt(sum, i, d) = total;
    *ItemAt(squares, i, d) = total_squares;
  }
};

// dx_f[d] = dsum[i, d] - dsquares[i, d] x_f[d], or += it: of (sum^2 - squares) / 2 with
// dsum = dy sum and dsquares = dy. The columns of dx are those of its slots.
struct SlotSumBackwardItems {
  MatrixView<const float> x, dsum, dsquares;
  MatrixView<float> dx;
  bool accumulate = false;

  int64_t rows() const { return dx.rows; }
  int64_t cols() const { return dx.cols; }
  int64_t floats() const { return (accumulate ? 5 : 4) * dx.rows * dx.cols; }
  CHORUS_HD void operator()(int64_t i, int64_t j) const {
    const int64_t d = j % dsum.cols;
    PutItem(*ItemAt(dsum, i, d) - *ItemAt(dsquares, i, d) * *ItemAt(x, i, j), accumulate,
            ItemAt(dx, i, j));
  }
};

// Dot products of the slots of a row, `dim` columns each. Of two matrices: y[i, f nb + g] =
// <a_f, b_g>, nb the slots of b. Of one (triangle; b is a): of f < g alone, in the order (0, 1),
// (0, 2), ..., (1, 2), ... Item (i, f) computes those of a's slot f.
struct PairDotItems {
  MatrixView<const float> a, b;
  int64_t dim = 1;
  bool triangle = false;
  MatrixView<float> y;

  int64_t rows() const { return y.rows; }
  int64_t cols() const { return a.cols / dim; }
  int64_t floats() const { return a.rows * a.cols + b.rows * b.cols + y.rows * y.cols; }
  CHORUS_HD void operator()(int64_t i, int64_t f) const {
    const int64_t slots = b.cols / dim;
    const float* const p = ItemAt(a, i, f * dim);
    float* out = ItemAt(y, i, triangle ? f * (2 * slots - f - 1) / 2 : f * slots);
    for (int64_t g = triangle ? f + 1 : 0; g < slots; ++g) {
      const float* const q = ItemAt(b, i, g * dim);
      float sum = 0.0f;
      for (int64_t d = 0; d < dim; ++d) sum += p[d] * q[d];
      *out++ = sum;
    }
  }
};

// The gradient of one of the two matrices: to_f[d] = sum over the other's slots k of dy of the pair
// times other_k[d], or += it.
struct PairDotBackwardItems {
  enum class Of { kFirst, kSecond, kTriangle };
  MatrixView<const float> dy, other;
  int64_t dim = 1;
  Of of = Of::kFirst;
  MatrixView<float> to;
  bool accumulate = false;

  int64_t rows() const { return to.rows; }
  int64_t cols() const { return to.cols; }
  int64_t floats() const {
    return dy.rows * dy.cols + other.rows * other.cols + (accumulate ? 2 : 1) * to.rows * to.cols;
  }
  // The column of y that belongs to slot `slot` of `to` and slot k of `other`.
  CHORUS_HD int64_t PairOf(int64_t slot, int64_t k) const {
    if (of == Of::kFirst) return slot * (other.cols / dim) + k;
    if (of == Of::kSecond) return k * (to.cols / dim) + slot;
    const int64_t f = slot < k ? slot : k, g = slot < k ? k : slot;
    return f * (2 * (other.cols / dim) - f - 1) / 2 + g - f - 1;
  }
  CHORUS_HD void operator()(int64_t i, int64_t j) const {
    const int64_t slot = j / dim, d = j % dim;
    float sum = 0.0f;
    for (int64_t k = 0; k < other.cols / dim; ++k) {
      if (of == Of::kTriangle && k == slot) continue;
      sum += *ItemAt(dy, i, PairOf(slot, k)) * *ItemAt(other, i, k * dim + d);
    }
    PutItem(sum, accumulate, ItemAt(to, i, j));
  }
};

using ItemKernel = std::variant<
    MultiplyItems, AddScaledItems, ScaleRowsItems, RowDotItems, SoftmaxItems, SoftmaxBackwardItems,
    SlotSumItems, SlotSumBackwardItems, PairDotItems, PairDotBackwardItems, UnfoldItems, FoldItems,
    KeyProductItems, JoinActivationItems, AttendItems, ScoreGradientItems, KeyGradientItems,
    QueryGradientItems, SumOfRowItems, PointwiseItems, PointwiseBackwardItems, LeakItems,
    LeakBackwardItems, DiceItems, DiceBackwardItems, RowMomentsItems, RowNormalizeItems,
    RowNormalizeBackwardItems, SlotMeanItems, ScaleSlotsItems, SlotDotItems, ElementShareItems,
    ElementShareBackwardItems, ElementMixItems, AddPositionItems, PositionGradientItems,
    PoolElementsItems, PoolElementsBackwardItems>;

}  // namespace chorus::worker
