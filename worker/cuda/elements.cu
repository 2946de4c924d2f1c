// Kernels with one thread per element.

#include <cstring>

#include "worker/cuda/bf16.h"
#include "worker/cuda/kernels.h"
#include "worker/cuda/launch.h"

namespace chorus::worker::cuda {
namespace {

__global__ void FillKernel(float value, MatrixView<float> matrix) {
  const int64_t t = ThreadNumber();
  if (t >= matrix.rows * matrix.cols) return;
  const Element at = ElementOf(t, matrix.cols);
  matrix.data[at.i * matrix.stride + at.j] = value;
}

__global__ void EpilogueKernel(bool accumulate, const float* bias, bool relu, MatrixView<float> c) {
  const int64_t t = ThreadNumber();
  if (t >= c.rows * c.cols) return;
  const Element at = ElementOf(t, c.cols);
  float* const out = c.data + at.i * c.stride + at.j;
  float value = accumulate ? *out : 0.0f;
  if (bias != nullptr) value += bias[at.j];
  *out = relu && value < 0 ? 0.0f : value;
}

__global__ void CopyKernel(MatrixView<const float> from, MatrixView<float> to) {
  const int64_t t = ThreadNumber();
  if (t >= to.rows * to.cols) return;
  const Element at = ElementOf(t, to.cols);
  to.data[at.i * to.stride + at.j] = from.data[at.i * from.stride + at.j];
}

__global__ void GatherRowsKernel(MatrixView<const float> from, const uint32_t* index, int64_t rows,
                                 bool accumulate, MatrixView<float> to) {
  const int64_t t = ThreadNumber();
  if (t >= to.rows * to.cols) return;
  const Element at = ElementOf(t, to.cols);
  float* const out = to.data + at.i * to.stride + at.j;
  const float value = at.i < rows ? from.data[index[at.i] * from.stride + at.j] : 0.0f;
  *out = accumulate ? *out + value : value;
}

// One thread per sum. The rows of an index are added one after the other, in their order.
__global__ void SumRowsByOrderKernel(MatrixView<const float> from, const uint32_t* order,
                                     const uint32_t* begins, MatrixView<float> to) {
  const int64_t t = ThreadNumber();
  if (t >= to.rows * to.cols) return;
  const Element at = ElementOf(t, to.cols);
  float sum = 0.0f;
  for (uint32_t k = begins[at.i]; k < begins[at.i + 1]; ++k) {
    sum += from.data[order[k] * from.stride + at.j];
  }
  to.data[at.i * to.stride + at.j] = sum;
}

__global__ void DropoutKernel(DropoutMask mask, MatrixView<const float> from,
                              MatrixView<float> to) {
  const int64_t t = ThreadNumber();
  if (t >= to.rows * to.cols) return;
  const Element at = ElementOf(t, to.cols);
  if (mask.step != nullptr) mask.state = DropoutState(mask.of_seed, *mask.step, mask.layer);
  float* const out = to.data + at.i * to.stride + at.j;
  *out = at.i < mask.rows ? from.data[at.i * from.stride + at.j] *
                                DropoutFactor(mask, mask.row_id[at.i], static_cast<uint64_t>(at.j))
                          : 0.0f;
}

__global__ void PassPositiveKernel(MatrixView<const float> y, float factor,
                                   MatrixView<const float> from, MatrixView<float> to,
                                   bool accumulate) {
  const int64_t t = ThreadNumber();
  if (t >= y.rows * y.cols) return;
  const Element at = ElementOf(t, y.cols);
  const bool positive = y.data[at.i * y.stride + at.j] > 0.0f;
  const float passed = positive ? factor * from.data[at.i * from.stride + at.j] : 0.0f;
  float* const out = to.data + at.i * to.stride + at.j;
  *out = accumulate ? *out + passed : passed;
}

__global__ void RoundKernel(MatrixView<const float> from, uint16_t* to, int64_t stride) {
  const int64_t t = ThreadNumber();
  if (t >= from.rows * from.cols) return;
  const Element at = ElementOf(t, from.cols);
  uint32_t bits = 0;
  memcpy(&bits, from.data + at.i * from.stride + at.j, sizeof(bits));
  to[at.i * stride + at.j] = RoundToBf16(bits);
}

// All threads that find such an element write the same 1, so that they need not be ordered.
__global__ void FlagNonFiniteKernel(MatrixView<const float> values, const uint32_t* flag_of_column,
                                    uint32_t* flags) {
  const int64_t t = ThreadNumber();
  if (t >= values.rows * values.cols) return;
  const Element at = ElementOf(t, values.cols);
  const float value = values.data[at.i * values.stride + at.j];
  if (value - value == 0.0f) return;  // not so for infinities and NaN
  flags[flag_of_column == nullptr ? 0 : flag_of_column[at.j]] = 1;
}

// One thread per column of the gradients, which adds grains along the tree as ReduceAlongTree does.
__global__ void SumGrainsKernel(MatrixView<float> gradients) {
  const int64_t j = ThreadNumber();
  if (j >= gradients.cols) return;
  for (int64_t half = 1; half < gradients.rows; half *= 2) {
    for (int64_t g = 0; g < gradients.rows; g += 2 * half) {
      gradients.data[g * gradients.stride + j] += gradients.data[(g + half) * gradients.stride + j];
    }
  }
}

__global__ void AddKernel(MatrixView<const float> from, MatrixView<float> to) {
  const int64_t t = ThreadNumber();
  if (t >= to.rows * to.cols) return;
  const Element at = ElementOf(t, to.cols);
  to.data[at.i * to.stride + at.j] += from.data[at.i * from.stride + at.j];
}

__global__ void AddTermsKernel(MatrixView<float> terms, const uint32_t* additions, size_t count,
                               float* sum) {
  const int64_t j = ThreadNumber();
  if (j >= terms.cols) return;
  for (size_t a = 0; a < count; ++a) {
    const uint32_t into = additions[2 * a], from = additions[2 * a + 1];
    terms.data[into * terms.stride + j] += terms.data[from * terms.stride + j];
  }
  sum[j] = terms.rows == 0 ? 0.0f : terms.data[j];
}

__global__ void PutKernel(DeviceDoubles values, int count, double* to) {
  const int k = static_cast<int>(threadIdx.x);
  if (k < count) to[k] = values.value[k];
}

}  // namespace

cudaError_t CheckKernels() {
  cudaFuncAttributes attributes = {};
  return cudaFuncGetAttributes(&attributes, FillKernel);
}

cudaError_t Put(cudaStream_t stream, const DeviceDoubles& values, int count, double* to) {
  return Launch(stream, PutKernel, 1, kMaxTerms, values, count, to);
}

cudaError_t Fill(cudaStream_t stream, float value, MatrixView<float> matrix) {
  return LaunchElements(stream, FillKernel, matrix.rows * matrix.cols, value, matrix);
}

cudaError_t Epilogue(cudaStream_t stream, bool accumulate, const float* bias, bool relu,
                     MatrixView<float> c) {
  return LaunchElements(stream, EpilogueKernel, c.rows * c.cols, accumulate, bias, relu, c);
}

cudaError_t Copy(cudaStream_t stream, MatrixView<const float> from, MatrixView<float> to) {
  return LaunchElements(stream, CopyKernel, to.rows * to.cols, from, to);
}

cudaError_t GatherRows(cudaStream_t stream, MatrixView<const float> from, const uint32_t* index,
                       int64_t rows, bool accumulate, MatrixView<float> to) {
  return LaunchElements(stream, GatherRowsKernel, to.rows * to.cols, from, index, rows, accumulate,
                        to);
}

cudaError_t SumRowsByOrder(cudaStream_t stream, MatrixView<const float> from, const uint32_t* order,
                           const uint32_t* begins, MatrixView<float> to) {
  return LaunchElements(stream, SumRowsByOrderKernel, to.rows * to.cols, from, order, begins, to);
}

cudaError_t Dropout(cudaStream_t stream, const DropoutMask& mask, MatrixView<const float> from,
                    MatrixView<float> to) {
  return LaunchElements(stream, DropoutKernel, to.rows * to.cols, mask, from, to);
}

cudaError_t PassPositive(cudaStream_t stream, MatrixView<const float> y, float factor,
                         MatrixView<const float> from, MatrixView<float> to, bool accumulate) {
  return LaunchElements(stream, PassPositiveKernel, y.rows * y.cols, y, factor, from, to,
                        accumulate);
}

cudaError_t FlagNonFinite(cudaStream_t stream, MatrixView<const float> values,
                          const uint32_t* flag_of_column, uint32_t* flags) {
  return LaunchElements(stream, FlagNonFiniteKernel, values.rows * values.cols, values,
                        flag_of_column, flags);
}

cudaError_t Round(cudaStream_t stream, MatrixView<const float> from, uint16_t* to, int64_t stride) {
  return LaunchElements(stream, RoundKernel, from.rows * from.cols, from, to, stride);
}

cudaError_t SumGrains(cudaStream_t stream, MatrixView<float> gradients) {
  if (gradients.rows <= 1) return cudaSuccess;
  return LaunchElements(stream, SumGrainsKernel, gradients.cols, gradients);
}

cudaError_t Add(cudaStream_t stream, MatrixView<const float> from, MatrixView<float> to) {
  return LaunchElements(stream, AddKernel, to.rows * to.cols, from, to);
}

cudaError_t AddTerms(cudaStream_t stream, MatrixView<float> terms, const uint32_t* additions,
                     size_t count, float* sum) {
  return LaunchElements(stream, AddTermsKernel, terms.cols, terms, additions, count, sum);
}

}  // namespace chorus::worker::cuda
