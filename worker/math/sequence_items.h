#pragma once
// Item kernels (item_kernels.h) of sequences. A matrix "of elements" has `length` rows for each row
// of its side, one per element of that row's sequence; behind the elements that are there, `count`
// of them, it holds padding. Thread safety: values.

#include <cstdint>

#include "common/device_math.h"
#include "common/matrix_view.h"
#include "worker/math/item_access.h"
#include "worker/math/partial_sums.h"

namespace chorus::worker {

// Whose sequence a row reads.
struct Elements {
  MatrixView<const float> keys;   // [rows of the sequences' side * length, width]
  MatrixView<const float> count;  // [rows of the sequences' side, 1]
  int64_t length = 0;
  const uint32_t* of = nullptr;  // [rows], the row of the sequences' side; null: the same row
  int64_t rows = 0;              // real ones; later rows read nothing

  CHORUS_HD int64_t RowOf(int64_t i) const { return of == nullptr ? i : of[i]; }
  CHORUS_HD int64_t CountOf(int64_t i) const {
    return i < rows ? static_cast<int64_t>(*ItemAt(count, RowOf(i), 0)) : 0;
  }
  CHORUS_HD const float* KeyOf(int64_t i, int64_t t) const {
    return ItemAt(keys, RowOf(i) * length + t, 0);
  }
};

// to[i length + t, first + j] = x[i, t dim + j]: the rows of a sequence below one another.
struct UnfoldItems {
  MatrixView<const float> x;
  int64_t length = 0, dim = 0, first = 0;
  MatrixView<float> to;

  int64_t rows() const { return to.rows; }
  int64_t cols() const { return dim; }
  int64_t floats() const { return 2 * to.rows * dim; }
  CHORUS_HD void operator()(int64_t r, int64_t j) const {
    *ItemAt(to, r, first + j) = *ItemAt(x, r / length, r % length * dim + j);
  }
  void Row(int64_t r) const {
    const float* __restrict__ const from = ItemAt(x, r / length, r % length * dim);
    float* __restrict__ const out = ItemAt(to, r, first);
    for (int64_t j = 0; j < dim; ++j) out[j] = from[j];
  }
};

// The way back: to[i, t dim + j] = from[i length + t, first + j], or += it.
struct FoldItems {
  MatrixView<const float> from;
  int64_t length = 0, dim = 0, first = 0;
  MatrixView<float> to;
  bool accumulate = false;

  int64_t rows() const { return to.rows; }
  int64_t cols() const { return to.cols; }
  int64_t floats() const { return (accumulate ? 3 : 2) * to.rows * to.cols; }
  CHORUS_HD void operator()(int64_t i, int64_t c) const {
    PutItem(*ItemAt(from, i * length + c / dim, first + c % dim), accumulate, ItemAt(to, i, c));
  }
  void Row(int64_t i) const {
    for (int64_t t = 0; t * dim < to.cols; ++t) {
      const float* __restrict__ const x = ItemAt(from, i * length + t, first);
      float* __restrict__ const out = ItemAt(to, i, t * dim);
      for (int64_t j = 0; j < dim; ++j) PutItem(x[j], accumulate, out + j);
    }
  }
};

// to[i length + t, :] = query[i, :] * key_t of row i.
struct KeyProductItems {
  Elements elements;
  MatrixView<const float> query;
  MatrixView<float> to;

  int64_t rows() const { return to.rows; }
  int64_t cols() const { return to.cols; }
  int64_t floats() const { return 2 * to.rows * to.cols; }
  CHORUS_HD void operator()(int64_t r, int64_t j) const {
    const int64_t i = r / elements.length;
    const bool real = i < elements.rows;
    *ItemAt(to, r, j) =
        real ? *ItemAt(query, i, j) * elements.KeyOf(i, r % elements.length)[j] : 0.0f;
  }
  void Row(int64_t r) const {
    const int64_t i = r / elements.length;
    float* __restrict__ const out = ItemAt(to, r, 0);
    if (i >= elements.rows) {
      for (int64_t j = 0; j < to.cols; ++j) out[j] = 0.0f;
      return;
    }
    const float* __restrict__ const q = ItemAt(query, i, 0);
    const float* __restrict__ const key = elements.KeyOf(i, r % elements.length);
    for (int64_t j = 0; j < to.cols; ++j) out[j] = q[j] * key[j];
  }
};

// hidden[i length + t, :] = relu(it + key_t + of_query[i, :]), the keys being products of elements.
struct JoinActivationItems {
  Elements elements;
  MatrixView<const float> of_query;
  MatrixView<float> hidden;

  int64_t rows() const { return hidden.rows; }
  int64_t cols() const { return hidden.cols; }
  int64_t floats() const { return 3 * hidden.rows * hidden.cols; }
  CHORUS_HD void operator()(int64_t r, int64_t h) const {
    const int64_t i = r / elements.length;
    float* const out = ItemAt(hidden, r, h);
    float sum = 0.0f;
    if (i < elements.rows) {
      sum = *out + (elements.KeyOf(i, r % elements.length)[h] + *ItemAt(of_query, i, h));
    }
    *out = sum > 0.0f ? sum : 0.0f;
  }
  void Row(int64_t r) const {
    const int64_t i = r / elements.length;
    float* __restrict__ const out = ItemAt(hidden, r, 0);
    if (i >= elements.rows) {
      for (int64_t h = 0; h < hidden.cols; ++h) out[h] = 0.0f;
      return;
    }
    const float* __restrict__ const q = ItemAt(of_query, i, 0);
    const float* __restrict__ const key = elements.KeyOf(i, r % elements.length);
    for (int64_t h = 0; h < hidden.cols; ++h) {
      const float sum = out[h] + (key[h] + q[h]);
      out[h] = sum > 0.0f ? sum : 0.0f;
    }
  }
};

// y[i, :] = sum over the elements t of row i's sequence of score[i length + t] key_t.
struct AttendItems {
  Elements elements;
  MatrixView<const float> score;  // [rows * length, 1]
  MatrixView<float> y;

  int64_t rows() const { return y.rows; }
  int64_t cols() const { return y.cols; }
  int64_t floats() const { return score.rows * (1 + y.cols) + y.rows * y.cols; }
  CHORUS_HD void operator()(int64_t i, int64_t j) const {
    float sum = 0.0f;
    for (int64_t t = 0; t < elements.CountOf(i); ++t) {
      sum += *ItemAt(score, i * elements.length + t, 0) * elements.KeyOf(i, t)[j];
    }
    *ItemAt(y, i, j) = sum;
  }
  void Row(int64_t i) const {
    float* __restrict__ const out = ItemAt(y, i, 0);
    for (int64_t j = 0; j < y.cols; ++j) out[j] = 0.0f;
    for (int64_t t = 0; t < elements.CountOf(i); ++t) {
      const float factor = *ItemAt(score, i * elements.length + t, 0);
      const float* __restrict__ const key = elements.KeyOf(i, t);
      for (int64_t j = 0; j < y.cols; ++j) out[j] += factor * key[j];
    }
  }
};

// to[i length + t] = <dy[i, :], key_t>, 0 for padding: the gradient of the scores.
struct ScoreGradientItems {
  Elements elements;
  MatrixView<const float> dy;
  MatrixView<float> to;  // [rows * length, 1]

  int64_t rows() const { return to.rows; }
  int64_t cols() const { return 1; }
  int64_t floats() const { return to.rows * (1 + dy.cols) + dy.rows * dy.cols; }
  CHORUS_HD void operator()(int64_t r, int64_t) const {
    const int64_t i = r / elements.length, t = r % elements.length;
    float sum = 0.0f;
    if (t < elements.CountOf(i)) {
      sum = DotProduct(ItemAt(dy, i, 0), elements.KeyOf(i, t), dy.cols);
    }
    *ItemAt(to, r, 0) = sum;
  }
};

// to[i length + t, :], the gradient of the products query * key, becomes that of key_t as row i
// reads it: score dy[i, :] + query[i, :] * it.
struct KeyGradientItems {
  Elements elements;
  MatrixView<const float> score, dy, query;
  MatrixView<float> to;

  int64_t rows() const { return to.rows; }
  int64_t cols() const { return to.cols; }
  int64_t floats() const { return 4 * to.rows * to.cols; }
  CHORUS_HD void operator()(int64_t r, int64_t j) const {
    const int64_t i = r / elements.length, t = r % elements.length;
    float sum = 0.0f;
    if (t < elements.CountOf(i)) {
      sum = *ItemAt(score, r, 0) * *ItemAt(dy, i, j) + *ItemAt(query, i, j) * *ItemAt(to, r, j);
    }
    *ItemAt(to, r, j) = sum;
  }
  void Row(int64_t r) const {
    const int64_t i = r / elements.length, t = r % elements.length;
    float* __restrict__ const out = ItemAt(to, r, 0);
    if (t >= elements.CountOf(i)) {
      for (int64_t j = 0; j < to.cols; ++j) out[j] = 0.0f;
      return;
    }
    const float factor = *ItemAt(score, r, 0);
    const float* __restrict__ const g = ItemAt(dy, i, 0);
    const float* __restrict__ const q = ItemAt(query, i, 0);
    for (int64_t j = 0; j < to.cols; ++j) out[j] = factor * g[j] + q[j] * out[j];
  }
};

// to[i, j] = sum over the elements t of row i's sequence of dproduct[i length + t, j] key_t[j].
struct QueryGradientItems {
  Elements elements;
  MatrixView<const float> dproduct;
  MatrixView<float> to;

  int64_t rows() const { return to.rows; }
  int64_t cols() const { return to.cols; }
  int64_t floats() const { return 2 * dproduct.rows * dproduct.cols + to.rows * to.cols; }
  CHORUS_HD void operator()(int64_t i, int64_t j) const {
    float sum = 0.0f;
    for (int64_t t = 0; t < elements.CountOf(i); ++t) {
      sum += *ItemAt(dproduct, i * elements.length + t, j) * elements.KeyOf(i, t)[j];
    }
    *ItemAt(to, i, j) = sum;
  }
  void Row(int64_t i) const {
    float* __restrict__ const out = ItemAt(to, i, 0);
    for (int64_t j = 0; j < to.cols; ++j) out[j] = 0.0f;
    for (int64_t t = 0; t < elements.CountOf(i); ++t) {
      const float* __restrict__ const g = ItemAt(dproduct, i * elements.length + t, 0);
      const float* __restrict__ const key = elements.KeyOf(i, t);
      for (int64_t j = 0; j < to.cols; ++j) out[j] += g[j] * key[j];
    }
  }
};

// to[i, :] = sum over t < length of from[i length + t, :].
struct SumOfRowItems {
  MatrixView<const float> from;
  int64_t length = 0;
  MatrixView<float> to;

  int64_t rows() const { return to.rows; }
  int64_t cols() const { return to.cols; }
  int64_t floats() const { return from.rows * from.cols + to.rows * to.cols; }
  CHORUS_HD void operator()(int64_t i, int64_t j) const {
    float sum = 0.0f;
    for (int64_t t = 0; t < length; ++t) sum += *ItemAt(from, i * length + t, j);
    *ItemAt(to, i, j) = sum;
  }
  void Row(int64_t i) const {
    float* __restrict__ const out = ItemAt(to, i, 0);
    for (int64_t j = 0; j < to.cols; ++j) out[j] = 0.0f;
    for (int64_t t = 0; t < length; ++t) {
      const float* __restrict__ const x = ItemAt(from, i * length + t, 0);
      for (int64_t j = 0; j < to.cols; ++j) out[j] += x[j];
    }
  }
};

}  // namespace chorus::worker
