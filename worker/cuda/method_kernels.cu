#include "worker/cuda/method_kernels.h"

#include <cstring>
#include <typeinfo>

#include "worker/cuda/launch.h"
#include "worker/objective/all_methods.h"
#include "worker/objective/evaluate_row.h"

namespace chorus::worker::cuda {
namespace {

__device__ inline double WeightOf(const DeviceLabels& labels, int64_t i) {
  return labels.weight == nullptr ? 1.0 : static_cast<double>(labels.weight[i]);
}

__device__ inline RowLogits<float> LogitsOf(const DeviceLabels& labels, int64_t i, const float* z) {
  const bool click = labels.click[i] != 0;
  return {labels.stage,
          click,
          click && labels.conversion[i] != 0,
          labels.copies == nullptr ? 1.0f : static_cast<float>(labels.copies[i]),
          labels.draw == nullptr ? 0.0 : labels.draw[i],
          z};
}

// block_sums[block, :] = the sums of `own` over the block's rows, in order of rows. Every thread of
// the block must call it.
template <int kSums>
__device__ void SumOverBlock(const double (&own)[kSums], double* block_sums) {
  __shared__ double rows[kLossRows][kSums];
  for (int k = 0; k < kSums; ++k) rows[threadIdx.x][k] = own[k];
  __syncthreads();
  if (threadIdx.x >= kSums) return;
  double sum = 0;
  for (uint32_t r = 0; r < kLossRows; ++r) sum += rows[r][threadIdx.x];
  block_sums[blockIdx.x * kSums + threadIdx.x] = sum;
}

__global__ void AddBlocksKernel(const double* block_sums, int64_t blocks, int count, double* sums) {
  const int k = static_cast<int>(threadIdx.x);
  if (k >= count) return;
  double sum = 0;
  for (int64_t b = 0; b < blocks; ++b) sum += block_sums[b * count + k];
  sums[k] = sum;
}

template <typename Method>
__global__ void EvaluateKernel(Method method, DeviceLabels labels, const double* scales,
                               MatrixView<const float> logits, MatrixView<float> dlogits,
                               double* block_sums) {
  const int64_t i = ThreadNumber();
  float scale[Method::kTerms], loss[Method::kTerms], dz[Method::kHeads] = {};
  double own[Method::kTerms] = {};
  if (i < labels.rows) {
    for (int k = 0; k < Method::kTerms; ++k) scale[k] = static_cast<float>(scales[k]);
    const double weight = WeightOf(labels, i);
    EvaluateRow(method, LogitsOf(labels, i, logits.data + i * logits.stride), weight, scale, loss,
                dz);
    for (int k = 0; k < Method::kTerms; ++k) own[k] = weight * static_cast<double>(loss[k]);
  }
  if (i < dlogits.rows) {
    for (int h = 0; h < Method::kHeads; ++h) dlogits.data[i * dlogits.stride + h] = dz[h];
  }
  SumOverBlock(own, block_sums);
}

template <typename Method>
__global__ void PartialsKernel(Method method, DeviceLabels labels, MatrixView<const float> logits,
                               double* block_sums) {
  const int64_t i = ThreadNumber();
  constexpr int kPartials = PartialsOf<Method>();
  double own[kPartials] = {};
  if (i < labels.rows) {
    const double weight = WeightOf(labels, i);
    float row[kPartials] = {};
    if (weight != 0) method.Partials(LogitsOf(labels, i, logits.data + i * logits.stride), row);
    for (int k = 0; k < kPartials; ++k) own[k] = weight * static_cast<double>(row[k]);
  }
  SumOverBlock(own, block_sums);
}

cudaError_t AddBlocks(cudaStream_t stream, const double* block_sums, int64_t blocks, int count,
                      double* sums) {
  return Launch(stream, AddBlocksKernel, 1, kMaxTerms, block_sums, blocks, count, sums);
}

template <typename Method>
class KernelsOf final : public MethodKernels {
 public:
  static_assert(Method::kTerms <= kMaxTerms && PartialsOf<Method>() <= kMaxTerms);
  explicit KernelsOf(const void* bytes) { std::memcpy(&method_, bytes, sizeof(Method)); }

  int heads() const override { return Method::kHeads; }

  cudaError_t Partials(cudaStream_t stream, const DeviceLabels& labels,
                       MatrixView<const float> logits, double* scratch,
                       double* sums) const override {
    const uint32_t blocks = BlocksFor(labels.rows, kLossRows);
    if constexpr (PartialsOf<Method>() > 0) {
      if (blocks > 0) {
        const cudaError_t error = Launch(stream, PartialsKernel<Method>, blocks, kLossRows, method_,
                                         labels, logits, scratch);
        if (error != cudaSuccess) return error;
      }
    }
    return AddBlocks(stream, scratch, blocks, PartialsOf<Method>(), sums);
  }

  cudaError_t Evaluate(cudaStream_t stream, const DeviceLabels& labels, const double* scales,
                       MatrixView<const float> logits, MatrixView<float> dlogits, double* scratch,
                       double* term_sums) const override {
    const uint32_t blocks = BlocksFor(dlogits.rows, kLossRows);
    if (blocks > 0) {
      const cudaError_t error = Launch(stream, EvaluateKernel<Method>, blocks, kLossRows, method_,
                                       labels, scales, logits, dlogits, scratch);
      if (error != cudaSuccess) return error;
    }
    return AddBlocks(stream, scratch, blocks, Method::kTerms, term_sums);
  }

 private:
  Method method_;
};

// By the type's name and size: the program and this library are built apart, and a method of
// another layout must not be found.
template <typename... Methods>
std::unique_ptr<MethodKernels> FindIn(MethodList<Methods...>, std::string_view type,
                                      const void* bytes, size_t size) {
  std::unique_ptr<MethodKernels> found;
  const auto consider = [&]<typename Method>() {
    if (type != typeid(Method).name() || size != sizeof(Method)) return;
    found = std::make_unique<KernelsOf<Method>>(bytes);
  };
  (consider.template operator()<Methods>(), ...);
  return found;
}

}  // namespace

std::unique_ptr<MethodKernels> MethodKernels::Find(std::string_view type, const void* bytes,
                                                   size_t size) {
  return FindIn(AllMethods(), type, bytes, size);
}

}  // namespace chorus::worker::cuda
