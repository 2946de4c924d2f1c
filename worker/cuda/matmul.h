#pragma once
// Matrix products by cuBLASLt with bias and ReLU as their epilogue. A product's descriptors and
// algorithm are found once a shape and kept; algorithms that add in no fixed order are excluded, so
// that the same product gives the same bits. Thread safety: none.

#include <map>
#include <memory>
#include <tuple>

#include "common/status.h"
#include "worker/backend.h"
#include "worker/device.h"
#include "worker/cuda/handles.h"

namespace chorus::worker::cuda {

class Matmul {
 public:
  // workspace: of the device, for products that want some.
  static Result<std::unique_ptr<Matmul>> Create(DevicePrecision precision, void* workspace,
                                                size_t workspace_bytes);
  // The contract of Backend::Gemm. REQUIRES: M, N, K > 0.
  Status Run(const GemmOptions& options, MatrixView<const float> a, MatrixView<const float> b,
             MatrixView<float> c, cudaStream_t stream);

 private:
  // What the choice of an algorithm depends on: sizes, strides, options and alignments.
  using Key = std::tuple<int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, uint32_t, uint32_t>;
  struct Plan {
    MatmulDesc desc;
    MatrixLayout first, second, out;
    cublasLtMatmulAlgo_t algo;
  };

  Matmul() = default;
  Result<Plan*> PlanOf(const GemmOptions& options, MatrixView<const float> a,
                       MatrixView<const float> b, MatrixView<float> c);
  Status MakePlan(const GemmOptions& options, MatrixView<const float> a, MatrixView<const float> b,
                  MatrixView<float> c, Plan* plan) const;
  Status ChooseAlgorithm(const void* const (&pointers)[3], Plan* plan) const;

  LtHandle handle_;
  cublasComputeType_t compute_ = CUBLAS_COMPUTE_32F;
  void* workspace_ = nullptr;
  size_t workspace_bytes_ = 0;
  std::map<Key, Plan> plans_;  // after handle_
};

}  // namespace chorus::worker::cuda
