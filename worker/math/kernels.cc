#include "worker/math/kernels.h"

#include <cstring>

#include "common/finite.h"
#include "worker/math/clones.h"
#include "worker/math/partial_sums.h"

namespace chorus::worker {

void GatherRows(MatrixView<const float> from, const uint32_t* index, int64_t rows,
                MatrixView<float> to) {
  const size_t row_bytes = static_cast<size_t>(to.cols) * sizeof(float);
  for (int64_t i = 0; i < rows; ++i) std::memcpy(to.row(i), from.row(index[i]), row_bytes);
  if (rows < to.rows) FillZero(to.Rows(rows, to.rows - rows));
}

CHORUS_CLONES void SumRowsByIndex(MatrixView<const float> from, const uint32_t* index, int64_t rows,
                                  MatrixView<float> to) {
  FillZero(to);
  for (int64_t i = 0; i < rows; ++i) {
    const float* __restrict source = from.row(i);
    float* __restrict sum = to.row(index[i]);
    for (int64_t j = 0; j < to.cols; ++j) sum[j] += source[j];
  }
}

CHORUS_CLONES void ReluBackward(MatrixView<const float> y, MatrixView<float> gradient,
                                float* bias_gradient) {
  float* __restrict sums = bias_gradient;
  for (int64_t j = 0; j < y.cols; ++j) sums[j] = 0;
  for (int64_t i = 0; i < y.rows; ++i) {
    const float* __restrict output = y.row(i);
    float* __restrict g = gradient.row(i);
    for (int64_t j = 0; j < y.cols; ++j) {
      const float passed = output[j] > 0.0f ? g[j] : 0.0f;
      g[j] = passed;
      sums[j] += passed;
    }
  }
}

CHORUS_CLONES void DotRows(MatrixView<const float> x, const float* weight, float bias,
                           MatrixView<float> z) {
  for (int64_t i = 0; i < x.rows; ++i) {
    z(i, 0) = bias + DotProduct(x.row(i), weight, x.cols);
  }
}

CHORUS_CLONES void DotRowsBackward(MatrixView<const float> x, const float* weight,
                                   MatrixView<const float> dz, float* weight_gradient,
                                   MatrixView<float> dx, float dx_factor, bool accumulate_dx) {
  float* __restrict sums = weight_gradient;
  const float* __restrict w = weight;
  for (int64_t j = 0; j < x.cols; ++j) sums[j] = 0;
  for (int64_t i = 0; i < x.rows; ++i) {
    const float factor = dz(i, 0);
    const float* __restrict input = x.row(i);
    for (int64_t j = 0; j < x.cols; ++j) sums[j] += factor * input[j];
    const float passed = dx_factor * factor;
    float* __restrict out = dx.row(i);
    if (accumulate_dx) {
      for (int64_t j = 0; j < dx.cols; ++j) out[j] += passed * w[j];
    } else {
      for (int64_t j = 0; j < dx.cols; ++j) out[j] = passed * w[j];
    }
  }
}

CHORUS_CLONES void PassPositive(MatrixView<const float> y, float factor,
                                MatrixView<const float> from, MatrixView<float> to,
                                bool accumulate) {
  for (int64_t i = 0; i < y.rows; ++i) {
    const float* const output = y.row(i);
    const float* const g = from.row(i);
    float* const out = to.row(i);
    CHORUS_INDEPENDENT  // `from` may be `to`, element by element
        for (int64_t j = 0; j < y.cols; ++j) {
      const float passed = output[j] > 0.0f ? factor * g[j] : 0.0f;
      out[j] = accumulate ? out[j] + passed : passed;
    }
  }
}

void FillZero(MatrixView<float> matrix) {
  const size_t row_bytes = static_cast<size_t>(matrix.cols) * sizeof(float);
  for (int64_t i = 0; i < matrix.rows; ++i) std::memset(matrix.row(i), 0, row_bytes);
}

CHORUS_CLONES void AddTo(float* into, const float* from, int64_t n) {
  float* __restrict sum = into;
  const float* __restrict term = from;
  for (int64_t i = 0; i < n; ++i) sum[i] += term[i];
}

CHORUS_CLONES bool AllFinite(const float* values, int64_t n) {
  return chorus::AllFinite({values, static_cast<size_t>(n)});
}

CHORUS_CLONES double SumOfSquares(const float* values, int64_t n) {
  double partial[kPartialSums] = {};
  int64_t j = 0;
  for (; j + kPartialSums <= n; j += kPartialSums) {
    for (int i = 0; i < kPartialSums; ++i) {
      const double value = values[j + i];
      partial[i] += value * value;
    }
  }
  for (int i = 0; j < n; ++j, ++i) {
    const double value = values[j];
    partial[i] += value * value;
  }
  return AddPartialSums(partial);
}

}  // namespace chorus::worker
