// Batch normalisation. One thread a column adds in order of rows, in double, as the CPU does.

#include "worker/cuda/kernels.h"
#include "worker/cuda/launch.h"

namespace chorus::worker::cuda {
namespace {

__device__ inline float InverseDeviation(float variance) {
  return static_cast<float>(1.0 / sqrt(static_cast<double>(variance) + 1e-5));
}

__global__ void ColumnMomentsKernel(MatrixView<const float> z, float* mean, float* variance) {
  const int64_t j = ThreadNumber();
  if (j >= z.cols) return;
  const double n = static_cast<double>(z.rows);
  double total = 0, squares = 0;
  for (int64_t i = 0; i < z.rows; ++i) total += z.data[i * z.stride + j];
  const double center = z.rows > 0 ? total / n : 0.0;
  for (int64_t i = 0; i < z.rows; ++i) {
    const double distance = z.data[i * z.stride + j] - center;
    squares += distance * distance;
  }
  mean[j] = static_cast<float>(center);
  variance[j] = z.rows > 0 ? static_cast<float>(squares / n) : 1.0f;
}

__global__ void NormalizeReluKernel(const float* mean, const float* variance, const float* bias,
                                    MatrixView<float> normalized, MatrixView<float> y) {
  const int64_t t = ThreadNumber();
  if (t >= y.rows * y.cols) return;
  const int64_t i = t / y.cols, j = t % y.cols;
  float* const out = y.data + i * y.stride + j;
  const float kept = (*out - mean[j]) * InverseDeviation(variance[j]);
  normalized.data[i * normalized.stride + j] = kept;
  const float sum = kept + bias[j];
  *out = sum > 0.0f ? sum : 0.0f;
}

// dz = (g - mean(g) - normalized mean(g normalized)) / sqrt(variance + eps).
__global__ void NormalizeBackwardKernel(MatrixView<const float> normalized, const float* variance,
                                        bool of_moments, MatrixView<float> gradient) {
  const int64_t j = ThreadNumber();
  if (j >= gradient.cols) return;
  double sum = 0, product = 0;
  for (int64_t i = 0; of_moments && i < gradient.rows; ++i) {
    const float g = gradient.data[i * gradient.stride + j];
    sum += g;
    product += static_cast<double>(g) * normalized.data[i * normalized.stride + j];
  }
  const double n = static_cast<double>(gradient.rows);
  const float inverse = InverseDeviation(variance[j]);
  const float shift = gradient.rows > 0 ? static_cast<float>(sum / n) : 0.0f;
  const float slope = gradient.rows > 0 ? static_cast<float>(product / n) : 0.0f;
  for (int64_t i = 0; i < gradient.rows; ++i) {
    float* const g = gradient.data + i * gradient.stride + j;
    *g = (*g - shift - slope * normalized.data[i * normalized.stride + j]) * inverse;
  }
}

// As ParameterLayout::UpdateStatistics does.
__global__ void MoveStatisticsKernel(DeviceStatistics statistics, const float* gradient,
                                     float* values) {
  const int64_t j = ThreadNumber();
  if (j >= statistics.n) return;
  const DeviceStatistic& own = statistics.table[j];
  if (own.moves == 0 || own.stage != statistics.stage) return;
  const double grains = gradient[own.count];
  if (grains == 0) return;
  const double value = values[j];
  values[j] =
      static_cast<float>(value + (1.0 - statistics.momentum) * (gradient[j] / grains - value));
}

}  // namespace

cudaError_t ColumnMoments(cudaStream_t stream, MatrixView<const float> z, float* mean,
                          float* variance) {
  return LaunchElements(stream, ColumnMomentsKernel, z.cols, z, mean, variance);
}

cudaError_t NormalizeRelu(cudaStream_t stream, const float* mean, const float* variance,
                          const float* bias, MatrixView<float> normalized, MatrixView<float> y) {
  return LaunchElements(stream, NormalizeReluKernel, y.rows * y.cols, mean, variance, bias,
                        normalized, y);
}

cudaError_t NormalizeBackward(cudaStream_t stream, MatrixView<const float> normalized,
                              const float* variance, bool of_moments, MatrixView<float> gradient) {
  return LaunchElements(stream, NormalizeBackwardKernel, gradient.cols, normalized, variance,
                        of_moments, gradient);
}

cudaError_t MoveStatistics(cudaStream_t stream, const DeviceStatistics& statistics,
                           const float* gradient, float* values) {
  return LaunchElements(stream, MoveStatisticsKernel, statistics.n, statistics, gradient, values);
}

}  // namespace chorus::worker::cuda
