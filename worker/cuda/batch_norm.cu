// Batch normalisation. Sums run over the rows of a section and then over sections
// (column_sections.h), in double. Squares are those of the distances from the section's own mean
// (Chan, Golub & LeVeque 1979, eq. 2.1), so that a section's rows are read once from memory and the
// squares do not cancel.

#include "worker/cuda/column_sections.h"
#include "worker/cuda/kernels.h"
#include "worker/cuda/launch.h"

namespace chorus::worker::cuda {
namespace {

struct Pair {
  double first, second;
  __device__ Pair& operator+=(const Pair& other) {
    first += other.first;
    second += other.second;
    return *this;
  }
};

__device__ inline float InverseDeviation(float variance) {
  return static_cast<float>(1.0 / sqrt(static_cast<double>(variance) + 1e-5));
}

// sections[section, column] = {sum, squares of the distances from the section's mean}.
__global__ void SectionMomentsKernel(MatrixView<const float> z, Pair* sections) {
  const SectionOfThread section(z.rows);
  const double sum = SumOfSection<double>(section, z.cols, [&](int64_t i) {
    return static_cast<double>(z.data[i * z.stride + section.column]);
  });
  const double center = sum / static_cast<double>(section.rows());
  const double squares = SumOfSection<double>(section, z.cols, [&](int64_t i) {
    const double distance = z.data[i * z.stride + section.column] - center;
    return distance * distance;
  });
  if (section.Writes(z.cols)) sections[blockIdx.y * z.cols + section.column] = {sum, squares};
}

__global__ void JoinMomentsKernel(const Pair* sections, int64_t rows, int64_t cols, float* mean,
                                  float* variance) {
  const int64_t j = ThreadNumber();
  if (j >= cols) return;
  const int64_t count = CountSections(rows);
  double total = 0, squares = 0;
  for (int64_t c = 0; c < count; ++c) total += sections[c * cols + j].first;
  const double center = rows > 0 ? total / static_cast<double>(rows) : 0.0;
  for (int64_t c = 0; c < count; ++c) {
    const Pair section = sections[c * cols + j];
    const auto n = static_cast<double>(RowsOfSection(c, rows));
    const double distance = section.first / n - center;
    squares += section.second + n * distance * distance;
  }
  mean[j] = static_cast<float>(center);
  variance[j] = rows > 0 ? static_cast<float>(squares / static_cast<double>(rows)) : 1.0f;
}

__global__ void NormalizeReluKernel(const float* mean, const float* variance, const float* bias,
                                    MatrixView<float> normalized, MatrixView<float> y) {
  const int64_t t = ThreadNumber();
  if (t >= y.rows * y.cols) return;
  const Element at = ElementOf(t, y.cols);
  float* const out = y.data + at.i * y.stride + at.j;
  const float kept = (*out - mean[at.j]) * InverseDeviation(variance[at.j]);
  normalized.data[at.i * normalized.stride + at.j] = kept;
  const float sum = kept + bias[at.j];
  *out = sum > 0.0f ? sum : 0.0f;
}

// sections[section, column] = {sum of g, sum of g normalized}.
__global__ void SectionGradientsKernel(MatrixView<const float> normalized,
                                       MatrixView<const float> gradient, Pair* sections) {
  const SectionOfThread section(gradient.rows);
  const Pair sums = SumOfSection<Pair>(section, gradient.cols, [&](int64_t i) {
    const double g = gradient.data[i * gradient.stride + section.column];
    return Pair{g, g * normalized.data[i * normalized.stride + section.column]};
  });
  if (section.Writes(gradient.cols)) sections[blockIdx.y * gradient.cols + section.column] = sums;
}

// means[column] = {mean of g, mean of g normalized}.
__global__ void JoinGradientsKernel(const Pair* sections, int64_t rows, int64_t cols, Pair* means) {
  const int64_t j = ThreadNumber();
  if (j >= cols) return;
  Pair sum = {};
  for (int64_t c = 0; c < CountSections(rows); ++c) sum += sections[c * cols + j];
  means[j] = {sum.first / static_cast<double>(rows), sum.second / static_cast<double>(rows)};
}

// dz = (g - mean(g) - normalized mean(g normalized)) / sqrt(variance + eps).  means: null: both are
// 0.
__global__ void NormalizeBackwardKernel(MatrixView<const float> normalized, const float* variance,
                                        const Pair* means, MatrixView<float> gradient) {
  const int64_t t = ThreadNumber();
  if (t >= gradient.rows * gradient.cols) return;
  const Element at = ElementOf(t, gradient.cols);
  const float shift = means == nullptr ? 0.0f : static_cast<float>(means[at.j].first);
  const float slope = means == nullptr ? 0.0f : static_cast<float>(means[at.j].second);
  float* const g = gradient.data + at.i * gradient.stride + at.j;
  *g = (*g - shift - slope * normalized.data[at.i * normalized.stride + at.j]) *
       InverseDeviation(variance[at.j]);
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

cudaError_t ColumnMoments(cudaStream_t stream, MatrixView<const float> z, void* scratch,
                          float* mean, float* variance) {
  auto* const sections = static_cast<Pair*>(scratch);
  if (z.rows > 0 && z.cols > 0) {
    const cudaError_t error = Launch(stream, SectionMomentsKernel, SectionGrid(z.rows, z.cols),
                                     dim3(kSectionColumns, kSectionStripes), z, sections);
    if (error != cudaSuccess) return error;
  }
  return LaunchElements(stream, JoinMomentsKernel, z.cols, sections, z.rows, z.cols, mean,
                        variance);
}

cudaError_t NormalizeRelu(cudaStream_t stream, const float* mean, const float* variance,
                          const float* bias, MatrixView<float> normalized, MatrixView<float> y) {
  return LaunchElements(stream, NormalizeReluKernel, y.rows * y.cols, mean, variance, bias,
                        normalized, y);
}

cudaError_t NormalizeBackward(cudaStream_t stream, MatrixView<const float> normalized,
                              const float* variance, bool of_moments, void* scratch,
                              MatrixView<float> gradient) {
  const int64_t rows = gradient.rows, cols = gradient.cols;
  auto* const sections = static_cast<Pair*>(scratch);
  Pair* const means = of_moments ? sections + CountSections(rows) * cols : nullptr;
  if (of_moments && rows > 0 && cols > 0) {
    cudaError_t error =
        Launch(stream, SectionGradientsKernel, SectionGrid(rows, cols),
               dim3(kSectionColumns, kSectionStripes), normalized, gradient, sections);
    if (error != cudaSuccess) return error;
    error = LaunchElements(stream, JoinGradientsKernel, cols, sections, rows, cols, means);
    if (error != cudaSuccess) return error;
  }
  return LaunchElements(stream, NormalizeBackwardKernel, rows * cols, normalized, variance, means,
                        gradient);
}

cudaError_t MoveStatistics(cudaStream_t stream, const DeviceStatistics& statistics,
                           const float* gradient, float* values) {
  return LaunchElements(stream, MoveStatisticsKernel, statistics.n, statistics, gradient, values);
}

}  // namespace chorus::worker::cuda
