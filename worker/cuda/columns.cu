// Sums over the rows of each column, see column_sections.h.

#include "worker/cuda/column_sections.h"
#include "worker/cuda/kernels.h"
#include "worker/cuda/launch.h"

namespace chorus::worker::cuda {
namespace {

// section_sums[section, column] = the sum of term(row, column).
template <typename Term>
__device__ void SumSection(int64_t rows, int64_t cols, float* section_sums, const Term& term) {
  const SectionOfThread section(rows);
  const float sum =
      SumOfSection<float>(section, cols, [&](int64_t i) { return term(i, section.column); });
  if (section.Writes(cols)) section_sums[blockIdx.y * cols + section.column] = sum;
}

__global__ void AddSectionsKernel(const float* section_sums, int64_t sections, int64_t cols,
                                  float* out) {
  const int64_t j = ThreadNumber();
  if (j >= cols) return;
  float sum = 0.0f;
  for (int64_t c = 0; c < sections; ++c) sum += section_sums[c * cols + j];
  out[j] = sum;
}

__global__ void ReluBackwardKernel(MatrixView<const float> y, MatrixView<float> gradient,
                                   float* section_sums) {
  SumSection(y.rows, y.cols, section_sums, [&](int64_t i, int64_t j) {
    float* const g = gradient.data + i * gradient.stride + j;
    const float passed = y.data[i * y.stride + j] > 0.0f ? *g : 0.0f;
    *g = passed;
    return passed;
  });
}

__global__ void DotRowsBackwardKernel(MatrixView<const float> x, const float* weight,
                                      MatrixView<const float> dz, float* section_sums,
                                      MatrixView<float> dx, float dx_factor, bool accumulate_dx) {
  SumSection(x.rows, x.cols, section_sums, [&](int64_t i, int64_t j) {
    const float factor = dz.data[i * dz.stride];
    const float product = factor * x.data[i * x.stride + j];
    if (j < dx.cols) {
      float* const out = dx.data + i * dx.stride + j;
      const float passed = dx_factor * factor * weight[j];
      *out = accumulate_dx ? *out + passed : passed;
    }
    return product;
  });
}

// Each thread of one block adds every kBlockThreads-th row; thread 0 then adds the threads' sums.
__global__ void SumColumnKernel(MatrixView<const float> dz, float* sum) {
  __shared__ double sums[kBlockThreads];
  double own = 0;
  for (int64_t i = threadIdx.x; i < dz.rows; i += kBlockThreads) own += dz.data[i * dz.stride];
  sums[threadIdx.x] = own;
  __syncthreads();
  if (threadIdx.x > 0) return;
  double total = 0;
  for (uint32_t t = 0; t < kBlockThreads; ++t) total += sums[t];
  *sum = static_cast<float>(total);
}

cudaError_t AddSections(cudaStream_t stream, const float* section_sums, int64_t rows, int64_t cols,
                        float* out) {
  return LaunchElements(stream, AddSectionsKernel, cols, section_sums, CountSections(rows), cols,
                        out);
}

}  // namespace

cudaError_t ReluBackward(cudaStream_t stream, MatrixView<const float> y, MatrixView<float> gradient,
                         float* scratch, float* bias_gradient) {
  if (y.rows > 0 && y.cols > 0) {
    const cudaError_t error = Launch(stream, ReluBackwardKernel, SectionGrid(y.rows, y.cols),
                                     dim3(kSectionColumns, kSectionStripes), y, gradient, scratch);
    if (error != cudaSuccess) return error;
  }
  return AddSections(stream, scratch, y.rows, y.cols, bias_gradient);
}

cudaError_t DotRowsBackward(cudaStream_t stream, MatrixView<const float> x, const float* weight,
                            MatrixView<const float> dz, float* scratch, float* weight_gradient,
                            MatrixView<float> dx, float dx_factor, bool accumulate_dx) {
  if (x.rows > 0 && x.cols > 0) {
    const cudaError_t error = Launch(stream, DotRowsBackwardKernel, SectionGrid(x.rows, x.cols),
                                     dim3(kSectionColumns, kSectionStripes), x, weight, dz, scratch,
                                     dx, dx_factor, accumulate_dx);
    if (error != cudaSuccess) return error;
  }
  return AddSections(stream, scratch, x.rows, x.cols, weight_gradient);
}

cudaError_t SumColumn(cudaStream_t stream, MatrixView<const float> dz, float* sum) {
  return Launch(stream, SumColumnKernel, 1, kBlockThreads, dz, sum);
}

}  // namespace chorus::worker::cuda
