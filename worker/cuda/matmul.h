#pragma once
// Matrix products by cuBLASLt, with bias and ReLU as their epilogue. The descriptors and the
// algorithm of a product are found once for each shape and kept. Algorithms without a fixed order
// of additions are excluded, so that the same product gives the same bits. Results and sums are
// float32; inputs may be read as TF32, or be rounded to bfloat16 first. Thread safety: none.

#include <array>
#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <tuple>

#include "common/status.h"
#include "worker/cuda/handles.h"
#include "worker/device/device.h"
#include "worker/math/backend.h"

namespace chorus::worker::cuda {

class Matmul {
 public:
  // workspace: memory of the device that algorithms may use.
  static Result<std::unique_ptr<Matmul>> Create(DevicePrecision precision, void* workspace,
                                                size_t workspace_bytes);
  // From now on inputs are rounded to bfloat16. The two factors of a product are rounded into
  // inputs[0] and inputs[1], of `bytes` each, for every product. Weights are rounded into `weights`
  // by RoundWeights.
  void RoundInto(const std::array<std::byte*, 2>& inputs, size_t bytes, std::byte* weights);
  Status RoundWeights(const float* weights, int64_t n, cudaStream_t stream);
  // The contract of Backend::Gemm. REQUIRES: M, N, K > 0.
  Status Run(const GemmOptions& options, MatrixView<const float> a, MatrixView<const float> b,
             MatrixView<float> c, cudaStream_t stream);

 private:
  // All that the choice of an algorithm depends on: sizes, strides, options and alignments.
  using Key = std::tuple<int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, uint32_t, uint32_t>;
  // A row-major matrix on the device, of float32 or bfloat16.
  struct Operand {
    const void* data;
    int64_t rows, cols, stride;
    cudaDataType_t type;
  };
  struct Plan {
    MatmulDesc desc;
    MatrixLayout first, second, out;
    cublasLtMatmulAlgo_t algo;
  };

  Matmul() = default;
  static Operand AsItIs(MatrixView<const float> matrix);
  static Status MakeLayout(const Operand& matrix, MatrixLayout* layout);
  // The matrix in the form that a product reads: itself (`rounded` null), its part of the rounded
  // weights, or itself rounded into `rounded`.
  Result<Operand> Read(MatrixView<const float> matrix, uint16_t* rounded,
                       cudaStream_t stream) const;
  Result<Plan*> PlanOf(const GemmOptions& options, const Operand& a, const Operand& b,
                       const Operand& c);
  Status MakePlan(const GemmOptions& options, const Operand& a, const Operand& b, const Operand& c,
                  Plan* plan) const;
  Status ChooseAlgorithm(const void* const (&pointers)[3], Plan* plan) const;

  LtHandle handle_;
  cublasComputeType_t compute_ = CUBLAS_COMPUTE_32F;
  void* workspace_ = nullptr;
  size_t workspace_bytes_ = 0;
  uint16_t* rounded_[2] = {};  // null: inputs are read as they are
  size_t rounded_bytes_ = 0;
  uint16_t* rounded_weights_ = nullptr;  // the elements of weights_, in the same order
  std::span<const float> weights_;
  std::map<Key, Plan> plans_;  // after handle_: plans are destroyed first
};

}  // namespace chorus::worker::cuda
