#pragma once
// Item kernels (item_kernels.h) of slots: a row has its slots one after another, `dim` columns
// each. A product of every slot with one matrix needs no kernel here: UnfoldItems makes a row per
// slot (ScratchShape::times), one Gemm multiplies, and FoldItems (sequence_items.h) goes back, as
// self_attention.cc does for elements. Thread safety: values.

#include <cstdint>

#include "common/device_math.h"
#include "common/matrix_view.h"
#include "worker/math/item_access.h"

namespace chorus::worker {

// to[i, f] = mean of slot f of x[i, :].
struct SlotMeanItems {
  MatrixView<const float> x;
  int64_t dim = 1;
  MatrixView<float> to;  // [n, slots]

  int64_t rows() const { return to.rows; }
  int64_t cols() const { return to.cols; }
  int64_t floats() const { return x.rows * x.cols + to.rows * to.cols; }
  CHORUS_HD void operator()(int64_t i, int64_t f) const {
    float sum = 0.0f;
    for (int64_t d = 0; d < dim; ++d) sum += *ItemAt(x, i, f * dim + d);
    *ItemAt(to, i, f) = sum / static_cast<float>(dim);
  }
};

// to[i, f dim + d] = factor weight[i, f] x[i, f dim + d], or += it. Without x, all of its elements
// count as 1.
struct ScaleSlotsItems {
  float factor = 1;
  MatrixView<const float> weight, x;
  int64_t dim = 1;
  MatrixView<float> to;
  bool accumulate = false;

  int64_t rows() const { return to.rows; }
  int64_t cols() const { return to.cols; }
  int64_t floats() const {
    return (accumulate ? 3 : 2) * to.rows * to.cols + weight.rows * weight.cols;
  }
  CHORUS_HD void operator()(int64_t i, int64_t j) const {
    const float of_slot = factor * *ItemAt(weight, i, j / dim);
    PutItem(x.data == nullptr ? of_slot : of_slot * *ItemAt(x, i, j), accumulate, ItemAt(to, i, j));
  }
};

// to[i, f] = <a, b> over slot f of row i, or += it.
struct SlotDotItems {
  MatrixView<const float> a, b;
  int64_t dim = 1;
  MatrixView<float> to;  // [n, slots]
  bool accumulate = false;

  int64_t rows() const { return to.rows; }
  int64_t cols() const { return to.cols; }
  int64_t floats() const { return 2 * a.rows * a.cols + 2 * to.rows * to.cols; }
  CHORUS_HD void operator()(int64_t i, int64_t f) const {
    float sum = 0.0f;
    for (int64_t j = f * dim; j < (f + 1) * dim; ++j) sum += *ItemAt(a, i, j) * *ItemAt(b, i, j);
    PutItem(sum, accumulate, ItemAt(to, i, f));
  }
};

}  // namespace chorus::worker
