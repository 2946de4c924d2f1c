#include "worker/math/batch_norm_kernels.h"

#include <cmath>

#include "worker/math/clones.h"

namespace chorus::worker {
namespace {

constexpr double kEpsilon = 1e-5;
constexpr int64_t kColumns = 64;  // at a time, so that their sums stay in registers or cache

inline float InverseDeviation(float variance) {
  return static_cast<float>(1.0 / std::sqrt(static_cast<double>(variance) + kEpsilon));
}

}  // namespace

CHORUS_CLONES void ColumnMoments(MatrixView<const float> z, float* mean, float* variance) {
  for (int64_t first = 0; first < z.cols; first += kColumns) {
    const int64_t count = z.cols - first < kColumns ? z.cols - first : kColumns;
    double means[kColumns] = {}, squares[kColumns] = {};
    for (int64_t i = 0; i < z.rows; ++i) {
      const float* const row = z.row(i) + first;
      for (int64_t j = 0; j < count; ++j) means[j] += row[j];
    }
    const double n = static_cast<double>(z.rows);
    for (int64_t j = 0; j < count; ++j) means[j] = z.rows > 0 ? means[j] / n : 0.0;
    for (int64_t i = 0; i < z.rows; ++i) {
      const float* const row = z.row(i) + first;
      for (int64_t j = 0; j < count; ++j) squares[j] += (row[j] - means[j]) * (row[j] - means[j]);
    }
    for (int64_t j = 0; j < count; ++j) {
      mean[first + j] = static_cast<float>(means[j]);
      variance[first + j] = z.rows > 0 ? static_cast<float>(squares[j] / n) : 1.0f;
    }
  }
}

CHORUS_CLONES void NormalizeRelu(const float* mean, const float* variance, const float* bias,
                                 MatrixView<float> normalized, MatrixView<float> y) {
  for (int64_t first = 0; first < y.cols; first += kColumns) {
    const int64_t count = y.cols - first < kColumns ? y.cols - first : kColumns;
    float inverse[kColumns];
    for (int64_t j = 0; j < count; ++j) inverse[j] = InverseDeviation(variance[first + j]);
    for (int64_t i = 0; i < y.rows; ++i) {
      float* __restrict out = y.row(i) + first;
      float* __restrict kept = normalized.row(i) + first;
      for (int64_t j = 0; j < count; ++j) {
        kept[j] = (out[j] - mean[first + j]) * inverse[j];
        const float sum = kept[j] + bias[first + j];
        out[j] = sum > 0.0f ? sum : 0.0f;
      }
    }
  }
}

// dz = (g - mean(g) - normalized mean(g normalized)) / sqrt(variance + eps).
CHORUS_CLONES void NormalizeBackward(MatrixView<const float> normalized, const float* variance,
                                     bool of_moments, MatrixView<float> gradient) {
  for (int64_t first = 0; first < gradient.cols; first += kColumns) {
    const int64_t count = gradient.cols - first < kColumns ? gradient.cols - first : kColumns;
    double sums[kColumns] = {}, products[kColumns] = {};
    for (int64_t i = 0; of_moments && i < gradient.rows; ++i) {
      const float* const g = gradient.row(i) + first;
      const float* const x = normalized.row(i) + first;
      for (int64_t j = 0; j < count; ++j) {
        sums[j] += g[j];
        products[j] += static_cast<double>(g[j]) * x[j];
      }
    }
    const double n = static_cast<double>(gradient.rows);
    float inverse[kColumns], shift[kColumns], slope[kColumns];
    for (int64_t j = 0; j < count; ++j) {
      inverse[j] = InverseDeviation(variance[first + j]);
      shift[j] = gradient.rows > 0 ? static_cast<float>(sums[j] / n) : 0.0f;
      slope[j] = gradient.rows > 0 ? static_cast<float>(products[j] / n) : 0.0f;
    }
    for (int64_t i = 0; i < gradient.rows; ++i) {
      float* __restrict g = gradient.row(i) + first;
      const float* __restrict x = normalized.row(i) + first;
      for (int64_t j = 0; j < count; ++j) g[j] = (g[j] - shift[j] - slope[j] * x[j]) * inverse[j];
    }
  }
}

}  // namespace chorus::worker
