// Sums over the columns of each row: 16 threads, half a warp, serve a row. Each computes one of the
// partial sums of worker/math/partial_sums.h, and they are added along the same tree, so that CPU
// and device give the same bits.

#include "common/device_math.h"
#include "worker/cuda/kernels.h"
#include "worker/cuda/launch.h"
#include "worker/math/partial_sums.h"

namespace chorus::worker::cuda {
namespace {

constexpr int kRowThreads = kPartialSums;  // that serve one row
constexpr unsigned kWholeWarp = 0xffffffffu;

// The place of this thread among those of its row.
__device__ inline int ThreadOfRow() { return static_cast<int>(threadIdx.x % kRowThreads); }

// The dot product of two arrays of n, in thread 0 of the row. Every thread of the warp calls it,
// since shuffles need all of them; `on` is false in those that have no row.
__device__ inline float DotProduct(const float* a, const float* b, int64_t n, bool on) {
  float sum = 0.0f;
  if (on) {
    for (int64_t j = ThreadOfRow(); j < n; j += kRowThreads) sum += a[j] * b[j];
  }
  for (unsigned delta = kRowThreads / 2; delta > 0; delta /= 2) {
    sum += __shfl_down_sync(kWholeWarp, sum, delta, kRowThreads);
  }
  return sum;
}

// The row that this thread serves. Threads of rows past the end take part in what a warp does
// together.
__device__ inline int64_t RowOfThread() { return ThreadNumber() / kRowThreads; }

__global__ void DotRowsKernel(MatrixView<const float> x, const float* weight, const float* bias,
                              MatrixView<float> z) {
  const int64_t i = RowOfThread();
  const bool on = i < x.rows;
  const float dot = DotProduct(x.data + i * x.stride, weight, x.cols, on);
  if (on && ThreadOfRow() == 0) {
    z.data[i * z.stride] = (bias == nullptr ? 0.0f : *bias) + dot;
  }
}

// See worker/math/pair_attention.h.
__global__ void AttendPairKernel(MatrixView<const float> from, MatrixView<const float> to,
                                 MatrixView<float> share, MatrixView<float> out,
                                 float inverse_root) {
  const int64_t i = RowOfThread(), m = out.cols;
  const bool on = i < out.rows;
  const float* const a = from.data + i * from.stride;
  const float* const b = to.data + i * to.stride;
  const float own = DotProduct(a, a + m, m, on), other = DotProduct(b, b + m, m, on);
  const float score = __shfl_sync(kWholeWarp, own - other, 0, kRowThreads);
  if (!on) return;
  const float p = Sigmoid(score * inverse_root), rest = Sigmoid(-score * inverse_root);
  if (ThreadOfRow() == 0) share.data[i * share.stride] = p;
  float* const o = out.data + i * out.stride;
  for (int64_t j = ThreadOfRow(); j < m; j += kRowThreads) {
    o[j] = p * a[2 * m + j] + rest * b[2 * m + j];
  }
}

// ds is the gradient of the score of one token.
__device__ inline void TokenBackward(const float* qkv, const float* dout, float ds, float factor,
                                     int64_t m, bool accumulate, float* dqkv) {
  for (int64_t j = ThreadOfRow(); j < m; j += kRowThreads) {
    const float dq = ds * qkv[m + j], dk = ds * qkv[j], dv = factor * dout[j];
    dqkv[j] = accumulate ? dqkv[j] + dq : dq;
    dqkv[m + j] = accumulate ? dqkv[m + j] + dk : dk;
    dqkv[2 * m + j] = accumulate ? dqkv[2 * m + j] + dv : dv;
  }
}

__global__ void AttendPairBackwardKernel(MatrixView<const float> from, MatrixView<const float> to,
                                         MatrixView<const float> share,
                                         MatrixView<const float> dout, MatrixView<float> dfrom,
                                         MatrixView<float> dto, bool accumulate_dto,
                                         float inverse_root) {
  const int64_t i = RowOfThread(), m = dout.cols;
  const bool on = i < dout.rows;
  const float* const a = from.data + i * from.stride;
  const float* const b = to.data + i * to.stride;
  const float* const d = dout.data + i * dout.stride;
  const float own = DotProduct(d, a + 2 * m, m, on), other = DotProduct(d, b + 2 * m, m, on);
  const float dp = __shfl_sync(kWholeWarp, own - other, 0, kRowThreads);
  if (!on) return;
  const float p = share.data[i * share.stride];
  const float ds = dp * p * (1.0f - p) * inverse_root;
  TokenBackward(a, d, ds, p, m, false, dfrom.data + i * dfrom.stride);
  TokenBackward(b, d, -ds, 1.0f - p, m, accumulate_dto, dto.data + i * dto.stride);
}

float InverseRoot(int64_t m) { return static_cast<float>(1.0 / sqrt(static_cast<double>(m))); }

}  // namespace

cudaError_t DotRows(cudaStream_t stream, MatrixView<const float> x, const float* weight,
                    const float* bias, MatrixView<float> z) {
  return LaunchElements(stream, DotRowsKernel, x.rows * kRowThreads, x, weight, bias, z);
}

cudaError_t AttendPair(cudaStream_t stream, MatrixView<const float> from,
                       MatrixView<const float> to, MatrixView<float> share, MatrixView<float> out) {
  return LaunchElements(stream, AttendPairKernel, out.rows * kRowThreads, from, to, share, out,
                        InverseRoot(out.cols));
}

cudaError_t AttendPairBackward(cudaStream_t stream, MatrixView<const float> from,
                               MatrixView<const float> to, MatrixView<const float> share,
                               MatrixView<const float> dout, MatrixView<float> dfrom,
                               MatrixView<float> dto, bool accumulate_dto) {
  return LaunchElements(stream, AttendPairBackwardKernel, dout.rows * kRowThreads, from, to, share,
                        dout, dfrom, dto, accumulate_dto, InverseRoot(dout.cols));
}

}  // namespace chorus::worker::cuda
