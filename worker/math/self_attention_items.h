#pragma once
// Item kernels (item_kernels.h) of attention among the elements of a sequence, and of pooling one.
// A matrix "of elements" has `length` rows for each row of its side (sequence_items.h), the first
// `count` of which are real. Softmax is over these; what belongs to others is 0.
// Thread safety: values.

#include <cmath>
#include <cstdint>

#include "common/device_math.h"
#include "common/matrix_view.h"
#include "worker/math/item_access.h"
#include "worker/math/partial_sums.h"

namespace chorus::worker {

// The elements of one sequence as rows of a matrix, by the row of one of them.
struct SequenceRows {
  MatrixView<const float> count;  // [rows of the side, 1]
  int64_t length = 0;

  CHORUS_HD int64_t CountAt(int64_t row) const {
    return static_cast<int64_t>(*ItemAt(count, row / length, 0));
  }
  CHORUS_HD int64_t FirstAt(int64_t row) const { return row - row % length; }
  CHORUS_HD bool IsReal(int64_t row) const { return row % length < CountAt(row); }
};

// share[e, h length + t] = softmax over t of <query_e, key_t> / sqrt(head_dim) in head h, of the
// elements t of e's sequence.  query, key: of elements, [heads * head_dim].
struct ElementShareItems {
  SequenceRows of;
  MatrixView<const float> query, key;
  int64_t head_dim = 1;
  MatrixView<float> share;  // of elements, [heads * length]

  int64_t rows() const { return share.rows; }
  int64_t cols() const { return share.cols / of.length; }
  int64_t floats() const {
    return query.rows * query.cols * (1 + of.length) + share.rows * share.cols;
  }
  CHORUS_HD void operator()(int64_t e, int64_t h) const {
    float* const to = ItemAt(share, e, h * of.length);
    const int64_t count = of.IsReal(e) ? of.CountAt(e) : 0;
    const float* const q = ItemAt(query, e, h * head_dim);
    const float scale = 1.0f / std::sqrt(static_cast<float>(head_dim));
    float most = 0.0f, sum = 0.0f;
    for (int64_t t = 0; t < count; ++t) {
      to[t] = scale * DotProduct(q, ItemAt(key, of.FirstAt(e) + t, h * head_dim), head_dim);
      most = t == 0 || to[t] > most ? to[t] : most;
    }
    for (int64_t t = 0; t < count; ++t) {
      to[t] = Exp(to[t] - most);
      sum += to[t];
    }
    for (int64_t t = 0; t < count; ++t) to[t] /= sum;
    for (int64_t t = count; t < of.length; ++t) to[t] = 0.0f;
  }
};

// The gradient of the dot products <query_e, key_t>, from dy, that of ElementMixItems of `value`:
//   to[e, h length + t] = share (<dy_e, value_t> - their mean by share) / sqrt(head_dim).
struct ElementShareBackwardItems {
  SequenceRows of;
  MatrixView<const float> share, dy, value;
  int64_t head_dim = 1;
  MatrixView<float> to;  // as share

  int64_t rows() const { return to.rows; }
  int64_t cols() const { return to.cols / of.length; }
  int64_t floats() const { return dy.rows * dy.cols * (1 + of.length) + 3 * to.rows * to.cols; }
  CHORUS_HD void operator()(int64_t e, int64_t h) const {
    float* const out = ItemAt(to, e, h * of.length);
    const float* const s = ItemAt(share, e, h * of.length);
    const float* const g = ItemAt(dy, e, h * head_dim);
    const int64_t count = of.IsReal(e) ? of.CountAt(e) : 0;
    const float scale = 1.0f / std::sqrt(static_cast<float>(head_dim));
    float mean = 0.0f;
    for (int64_t t = 0; t < count; ++t) {
      out[t] = DotProduct(g, ItemAt(value, of.FirstAt(e) + t, h * head_dim), head_dim);
      mean += s[t] * out[t];
    }
    for (int64_t t = 0; t < count; ++t) out[t] = scale * (s[t] * (out[t] - mean));
    for (int64_t t = count; t < of.length; ++t) out[t] = 0.0f;
  }
};

// Each head's columns of to[e, :] = sum over the elements t of weight[e, h length + t] from[t, :];
// transposed: of weight[t, h length + e] from[t, :].
struct ElementMixItems {
  SequenceRows of;
  MatrixView<const float> weight, from;
  int64_t head_dim = 1;
  bool transposed = false;
  MatrixView<float> to;

  int64_t rows() const { return to.rows; }
  int64_t cols() const { return to.cols / head_dim; }
  int64_t floats() const { return weight.rows * weight.cols + 2 * to.rows * to.cols; }
  CHORUS_HD void operator()(int64_t e, int64_t h) const {
    float* __restrict__ const out = ItemAt(to, e, h * head_dim);
    for (int64_t d = 0; d < head_dim; ++d) out[d] = 0.0f;
    const int64_t first = of.FirstAt(e), count = of.IsReal(e) ? of.CountAt(e) : 0;
    for (int64_t t = 0; t < count; ++t) {
      const float factor = transposed ? *ItemAt(weight, first + t, h * of.length + (e - first))
                                      : *ItemAt(weight, e, h * of.length + t);
      const float* __restrict__ const row = ItemAt(from, first + t, h * head_dim);
      for (int64_t d = 0; d < head_dim; ++d) out[d] += factor * row[d];
    }
  }
};

// The real elements, counted from the last one (0) backward, get the row of their number:
//   to[e, :] += position[number of e, :].
struct AddPositionItems {
  SequenceRows of;
  MatrixView<const float> position;  // [length, width]
  MatrixView<float> to;              // of elements

  int64_t rows() const { return to.rows; }
  int64_t cols() const { return to.cols; }
  int64_t floats() const { return 3 * to.rows * to.cols; }
  CHORUS_HD void operator()(int64_t e, int64_t j) const {
    const int64_t number = of.CountAt(e) - 1 - e % of.length;
    if (number >= 0) *ItemAt(to, e, j) += *ItemAt(position, number, j);
  }
};

// The way back: to[number, :] = the sum over the sequences of from at the element of that number.
struct PositionGradientItems {
  SequenceRows of;
  MatrixView<const float> from;  // of elements
  MatrixView<float> to;          // [length, width]

  int64_t rows() const { return to.rows; }
  int64_t cols() const { return to.cols; }
  int64_t floats() const { return from.rows * from.cols + to.rows * to.cols; }
  CHORUS_HD void operator()(int64_t number, int64_t j) const {
    float sum = 0.0f;
    for (int64_t first = 0; first < from.rows; first += of.length) {
      const int64_t t = of.CountAt(first) - 1 - number;
      if (t >= 0) sum += *ItemAt(from, first + t, j);
    }
    *ItemAt(to, number, j) = sum;
  }
};

// y[i, j] = the sum or mean over the elements of row i's sequence, or its last one, of
// x[i, t dim + j]; 0 without elements.
struct PoolElementsItems {
  enum class Pooling { kSum, kMean, kLast };
  MatrixView<const float> x, count;
  Pooling pooling = Pooling::kMean;
  int64_t dim = 1;
  MatrixView<float> y;

  int64_t rows() const { return y.rows; }
  int64_t cols() const { return dim; }
  int64_t floats() const { return x.rows * x.cols + y.rows * y.cols; }
  CHORUS_HD void operator()(int64_t i, int64_t j) const {
    const auto n = static_cast<int64_t>(*ItemAt(count, i, 0));
    float sum = 0.0f;
    for (int64_t t = pooling == Pooling::kLast && n > 0 ? n - 1 : 0; t < n; ++t) {
      sum += *ItemAt(x, i, t * dim + j);
    }
    *ItemAt(y, i, j) = pooling == Pooling::kMean && n > 0 ? sum / static_cast<float>(n) : sum;
  }
};

// The way back through PoolElementsItems: to[i, t dim + j], or += it; 0 for what is no element.
struct PoolElementsBackwardItems {
  MatrixView<const float> dy, count;
  PoolElementsItems::Pooling pooling = PoolElementsItems::Pooling::kMean;
  int64_t dim = 1;
  MatrixView<float> to;
  bool accumulate = false;

  int64_t rows() const { return to.rows; }
  int64_t cols() const { return to.cols; }
  int64_t floats() const { return (accumulate ? 2 : 1) * to.rows * to.cols + dy.rows * dy.cols; }
  CHORUS_HD void operator()(int64_t i, int64_t c) const {
    using Pooling = PoolElementsItems::Pooling;
    const auto n = static_cast<int64_t>(*ItemAt(count, i, 0));
    const int64_t t = c / dim;
    float g = 0.0f;
    if (t < n && (pooling != Pooling::kLast || t == n - 1)) g = *ItemAt(dy, i, c % dim);
    PutItem(pooling == Pooling::kMean && n > 0 ? g / static_cast<float>(n) : g, accumulate,
            ItemAt(to, i, c));
  }
};

}  // namespace chorus::worker
