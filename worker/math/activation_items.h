#pragma once
// Item kernels (item_kernels.h) of activations and of normalisation by rows. A vector with a number
// per column is a view of one row whose stride is 0. Thread safety: values.

#include <cmath>
#include <cstdint>

#include "common/device_math.h"
#include "common/matrix_view.h"
#include "worker/math/item_access.h"

namespace chorus::worker {

enum class Pointwise {
  kRelu,
  kGelu,          // x Phi(x), with Phi(x) as sigma(2 sqrt(2 / pi) (x + 0.044715 x^3))
  kTwiceSigmoid,  // 2 sigma(x)
};

namespace internal {

constexpr float kGeluSlope = 1.5957691216057308f;  // 2 sqrt(2 / pi)
constexpr float kGeluCube = 0.044715f;

CHORUS_HD inline float PointwiseValue(Pointwise function, float x) {
  if (function == Pointwise::kRelu) return x > 0.0f ? x : 0.0f;
  if (function == Pointwise::kTwiceSigmoid) return 2.0f * Sigmoid(x);
  return x * Sigmoid(kGeluSlope * (x + kGeluCube * x * x * x));
}

CHORUS_HD inline float PointwiseSlope(Pointwise function, float x) {
  if (function == Pointwise::kRelu) return x > 0.0f ? 1.0f : 0.0f;
  if (function == Pointwise::kTwiceSigmoid) {
    const float s = Sigmoid(x);
    return 2.0f * s * (1.0f - s);
  }
  const float s = Sigmoid(kGeluSlope * (x + kGeluCube * x * x * x));
  return s + x * s * (1.0f - s) * kGeluSlope * (1.0f + 3.0f * kGeluCube * x * x);
}

}  // namespace internal

// y = f(x).
struct PointwiseItems {
  Pointwise function = Pointwise::kGelu;
  MatrixView<const float> x;
  MatrixView<float> y;

  int64_t rows() const { return y.rows; }
  int64_t cols() const { return y.cols; }
  int64_t floats() const { return 2 * y.rows * y.cols; }
  CHORUS_HD void operator()(int64_t i, int64_t j) const {
    *ItemAt(y, i, j) = internal::PointwiseValue(function, *ItemAt(x, i, j));
  }
};

// to = dy f'(x), or += it.
struct PointwiseBackwardItems {
  Pointwise function = Pointwise::kGelu;
  MatrixView<const float> x, dy;
  MatrixView<float> to;
  bool accumulate = false;

  int64_t rows() const { return to.rows; }
  int64_t cols() const { return to.cols; }
  int64_t floats() const { return (accumulate ? 4 : 3) * to.rows * to.cols; }
  CHORUS_HD void operator()(int64_t i, int64_t j) const {
    const float slope = internal::PointwiseSlope(function, *ItemAt(x, i, j));
    PutItem(*ItemAt(dy, i, j) * slope, accumulate, ItemAt(to, i, j));
  }
};

// y = x where x > 0, else alpha x.  alpha: one per column.
struct LeakItems {
  MatrixView<const float> x, alpha;
  MatrixView<float> y;

  int64_t rows() const { return y.rows; }
  int64_t cols() const { return y.cols; }
  int64_t floats() const { return 2 * y.rows * y.cols + y.cols; }
  CHORUS_HD void operator()(int64_t i, int64_t j) const {
    const float value = *ItemAt(x, i, j);
    *ItemAt(y, i, j) = value > 0.0f ? value : *ItemAt(alpha, i, j) * value;
  }
};

// to = dy times the slope of LeakItems, or += it; of_alpha = dy times x where x <= 0, else 0.
struct LeakBackwardItems {
  MatrixView<const float> x, alpha, dy;
  MatrixView<float> of_alpha, to;
  bool accumulate = false;

  int64_t rows() const { return of_alpha.rows; }
  int64_t cols() const { return of_alpha.cols; }
  int64_t floats() const { return (accumulate ? 5 : 4) * of_alpha.rows * of_alpha.cols; }
  CHORUS_HD void operator()(int64_t i, int64_t j) const {
    const float value = *ItemAt(x, i, j), gradient = *ItemAt(dy, i, j);
    const bool positive = value > 0.0f;
    *ItemAt(of_alpha, i, j) = positive ? 0.0f : gradient * value;
    if (j >= to.cols) return;
    PutItem(positive ? gradient : gradient * *ItemAt(alpha, i, j), accumulate, ItemAt(to, i, j));
  }
};

// y = (p + (1 - p) alpha) x with p = sigma(normalized).  alpha: one per column.
struct DiceItems {
  MatrixView<const float> x, normalized, alpha;
  MatrixView<float> y;

  int64_t rows() const { return y.rows; }
  int64_t cols() const { return y.cols; }
  int64_t floats() const { return 3 * y.rows * y.cols + y.cols; }
  CHORUS_HD void operator()(int64_t i, int64_t j) const {
    const float p = Sigmoid(*ItemAt(normalized, i, j));
    *ItemAt(y, i, j) = (p + (1.0f - p) * *ItemAt(alpha, i, j)) * *ItemAt(x, i, j);
  }
};

// Of DiceItems: `direct` is the gradient of x with `normalized` held, of_normalized that of
// `normalized`, of_alpha each row's part of alpha's.
struct DiceBackwardItems {
  MatrixView<const float> x, normalized, alpha, dy;
  MatrixView<float> direct, of_normalized, of_alpha;

  int64_t rows() const { return direct.rows; }
  int64_t cols() const { return direct.cols; }
  int64_t floats() const { return 6 * direct.rows * direct.cols + direct.cols; }
  CHORUS_HD void operator()(int64_t i, int64_t j) const {
    const float value = *ItemAt(x, i, j), leak = *ItemAt(alpha, i, j), g = *ItemAt(dy, i, j);
    const float p = Sigmoid(*ItemAt(normalized, i, j));
    *ItemAt(direct, i, j) = g * (p + (1.0f - p) * leak);
    *ItemAt(of_normalized, i, j) = g * value * (1.0f - leak) * (p * (1.0f - p));
    *ItemAt(of_alpha, i, j) = g * value * (1.0f - p);
  }
};

// to[i] = mean of row i of x, and 1 / sqrt(its variance + 1e-5).  to: [n, 2].
struct RowMomentsItems {
  MatrixView<const float> x;
  MatrixView<float> to;

  int64_t rows() const { return to.rows; }
  int64_t cols() const { return 1; }
  int64_t floats() const { return 2 * x.rows * x.cols + 2 * to.rows; }
  CHORUS_HD void operator()(int64_t i, int64_t) const {
    double sum = 0.0, squares = 0.0;
    for (int64_t j = 0; j < x.cols; ++j) sum += *ItemAt(x, i, j);
    const double mean = sum / static_cast<double>(x.cols);
    for (int64_t j = 0; j < x.cols; ++j) {
      const double difference = *ItemAt(x, i, j) - mean;
      squares += difference * difference;
    }
    *ItemAt(to, i, 0) = static_cast<float>(mean);
    *ItemAt(to, i, 1) =
        static_cast<float>(1.0 / std::sqrt(squares / static_cast<double>(x.cols) + 1e-5));
  }
};

// normalized = (x - mean) * inverse deviation of the row; y = gain normalized + bias.
// moments: as RowMomentsItems.  gain, bias: one per column.
struct RowNormalizeItems {
  MatrixView<const float> x, moments, gain, bias;
  MatrixView<float> normalized, y;

  int64_t rows() const { return y.rows; }
  int64_t cols() const { return y.cols; }
  int64_t floats() const { return 3 * y.rows * y.cols + 2 * (y.rows + y.cols); }
  CHORUS_HD void operator()(int64_t i, int64_t j) const {
    const float value = (*ItemAt(x, i, j) - *ItemAt(moments, i, 0)) * *ItemAt(moments, i, 1);
    *ItemAt(normalized, i, j) = value;
    *ItemAt(y, i, j) = *ItemAt(gain, i, j) * value + *ItemAt(bias, i, j);
  }
};

// The way back through RowNormalizeItems, by rows: with g = gain dy,
//   to = (g - mean(g) - normalized mean(g normalized)) * inverse deviation, or += it.
struct RowNormalizeBackwardItems {
  MatrixView<const float> normalized, moments, gain, dy;
  MatrixView<float> to;
  bool accumulate = false;

  int64_t rows() const { return to.rows; }
  int64_t cols() const { return 1; }
  int64_t floats() const { return (accumulate ? 6 : 5) * to.rows * to.cols; }
  CHORUS_HD void operator()(int64_t i, int64_t) const {
    double sum = 0.0, product = 0.0;
    for (int64_t j = 0; j < dy.cols; ++j) {
      const double g = *ItemAt(gain, i, j) * *ItemAt(dy, i, j);
      sum += g;
      product += g * *ItemAt(normalized, i, j);
    }
    const auto n = static_cast<double>(dy.cols);
    const auto mean = static_cast<float>(sum / n), slope = static_cast<float>(product / n);
    for (int64_t j = 0; j < to.cols; ++j) {
      const float g = *ItemAt(gain, i, j) * *ItemAt(dy, i, j);
      PutItem((g - mean - *ItemAt(normalized, i, j) * slope) * *ItemAt(moments, i, 1), accumulate,
              ItemAt(to, i, j));
    }
  }
};

}  // namespace chorus::worker
