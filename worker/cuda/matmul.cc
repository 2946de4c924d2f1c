#include "worker/cuda/matmul.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "common/check.h"
#include "worker/cuda/kernels.h"
#include "worker/math/row_stride.h"

namespace chorus::worker::cuda {
namespace {

constexpr uint32_t kMostAlignment = 256;  // bytes
constexpr uint32_t kBiasAlignment = 16;   // of vector loads in epilogues

uint32_t AlignmentOf(const void* pointer) {
  const auto address = reinterpret_cast<uintptr_t>(pointer);
  return static_cast<uint32_t>(std::min<uintptr_t>(address & (~address + 1), kMostAlignment));
}

cublasLtEpilogue_t EpilogueOf(const GemmOptions& options) {
  if (options.bias != nullptr) {
    return options.relu ? CUBLASLT_EPILOGUE_RELU_BIAS : CUBLASLT_EPILOGUE_BIAS;
  }
  return options.relu ? CUBLASLT_EPILOGUE_RELU : CUBLASLT_EPILOGUE_DEFAULT;
}

template <typename T>
Status SetDesc(const MatmulDesc& desc, cublasLtMatmulDescAttributes_t attribute, const T& value) {
  CUDA_RETURN_IF_ERROR(
      cublasLtMatmulDescSetAttribute(desc.get(), attribute, &value, sizeof(value)));
  return Status::Ok();
}

template <typename T>
Status SetPreference(const MatmulPreference& preference,
                     cublasLtMatmulPreferenceAttributes_t attribute, const T& value) {
  CUDA_RETURN_IF_ERROR(
      cublasLtMatmulPreferenceSetAttribute(preference.get(), attribute, &value, sizeof(value)));
  return Status::Ok();
}

}  // namespace

Result<std::unique_ptr<Matmul>> Matmul::Create(DevicePrecision precision, void* workspace,
                                               size_t workspace_bytes) {
  std::unique_ptr<Matmul> matmul(new Matmul());
  if (precision == DevicePrecision::kTf32) matmul->compute_ = CUBLAS_COMPUTE_32F_FAST_TF32;
  matmul->workspace_ = workspace;
  matmul->workspace_bytes_ = workspace_bytes;
  CUDA_RETURN_IF_ERROR(cublasLtCreate(matmul->handle_.receive()));
  return matmul;
}

void Matmul::RoundInto(const std::array<std::byte*, 2>& inputs, size_t bytes, std::byte* weights) {
  for (size_t i = 0; i < 2; ++i) rounded_[i] = reinterpret_cast<uint16_t*>(inputs[i]);
  rounded_bytes_ = bytes;
  rounded_weights_ = reinterpret_cast<uint16_t*>(weights);
}

Status Matmul::RoundWeights(const float* weights, int64_t n, cudaStream_t stream) {
  weights_ = {weights, static_cast<size_t>(n)};
  CUDA_RETURN_IF_ERROR(Round(stream, {weights, 1, n}, rounded_weights_, n));
  return Status::Ok();
}

Matmul::Operand Matmul::AsItIs(MatrixView<const float> matrix) {
  return {matrix.data, matrix.rows, matrix.cols, matrix.stride, CUDA_R_32F};
}

Result<Matmul::Operand> Matmul::Read(MatrixView<const float> matrix, uint16_t* rounded,
                                     cudaStream_t stream) const {
  if (rounded == nullptr) return AsItIs(matrix);
  if (!weights_.empty() && std::less_equal<>()(&weights_.front(), matrix.data) &&
      std::less_equal<>()(matrix.data, &weights_.back())) {
    return Operand{rounded_weights_ + (matrix.data - weights_.data()), matrix.rows, matrix.cols,
                   matrix.stride, CUDA_R_16BF};
  }
  const int64_t stride = RowStride(matrix.cols);  // rows of whole 16 bytes
  CHECK(static_cast<size_t>(matrix.rows * stride) * sizeof(uint16_t) <= rounded_bytes_,
        "rows=", matrix.rows, " cols=", matrix.cols);
  CUDA_RETURN_IF_ERROR(Round(stream, matrix, rounded, stride));
  return Operand{rounded, matrix.rows, matrix.cols, stride, CUDA_R_16BF};
}

// A row-major matrix is the transpose of a column-major one of as many columns as it has rows.
Status Matmul::MakeLayout(const Operand& matrix, MatrixLayout* layout) {
  CUDA_RETURN_IF_ERROR(
      cublasLtMatrixLayoutCreate(layout->receive(), matrix.type, static_cast<uint64_t>(matrix.cols),
                                 static_cast<uint64_t>(matrix.rows), matrix.stride));
  return Status::Ok();
}

Status Matmul::ChooseAlgorithm(const void* const (&pointers)[3], Plan* plan) const {
  MatmulPreference preference;
  CUDA_RETURN_IF_ERROR(cublasLtMatmulPreferenceCreate(preference.receive()));
  RETURN_IF_ERROR(SetPreference(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                                static_cast<uint64_t>(workspace_bytes_)));
  // Parts of a split sum are added in the workspace, in a fixed order.
  RETURN_IF_ERROR(SetPreference(preference, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
                                static_cast<uint32_t>(CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE)));
  // Left alone, the library takes all matrices for 256-byte aligned.
  RETURN_IF_ERROR(SetPreference(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES,
                                AlignmentOf(pointers[0])));
  RETURN_IF_ERROR(SetPreference(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
                                AlignmentOf(pointers[1])));
  RETURN_IF_ERROR(SetPreference(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES,
                                AlignmentOf(pointers[2])));
  RETURN_IF_ERROR(SetPreference(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES,
                                AlignmentOf(pointers[2])));
  cublasLtMatmulHeuristicResult_t result = {};
  int found = 0;
  CUDA_RETURN_IF_ERROR(cublasLtMatmulAlgoGetHeuristic(
      handle_.get(), plan->desc.get(), plan->first.get(), plan->second.get(), plan->out.get(),
      plan->out.get(), preference.get(), 1, &result, &found));
  if (found == 0) return Internal("cuBLASLt has no algorithm for a product");
  RETURN_IF_ERROR(
      StatusOf(result.state, {__FILE__, __LINE__, "cublasLtMatmulAlgoGetHeuristic's result"}));
  plan->algo = result.algo;
  return Status::Ok();
}

// Row-major c = op(a) op(b) is column-major c^T = op(b)^T op(a)^T: b comes first, and its
// transposition stays as it is.
Status Matmul::MakePlan(const GemmOptions& options, const Operand& a, const Operand& b,
                        const Operand& c, Plan* plan) const {
  CUDA_RETURN_IF_ERROR(cublasLtMatmulDescCreate(plan->desc.receive(), compute_, CUDA_R_32F));
  RETURN_IF_ERROR(SetDesc(plan->desc, CUBLASLT_MATMUL_DESC_TRANSA,
                          options.transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N));
  RETURN_IF_ERROR(SetDesc(plan->desc, CUBLASLT_MATMUL_DESC_TRANSB,
                          options.transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N));
  RETURN_IF_ERROR(SetDesc(plan->desc, CUBLASLT_MATMUL_DESC_EPILOGUE, EpilogueOf(options)));
  if (options.bias != nullptr) {
    RETURN_IF_ERROR(SetDesc(plan->desc, CUBLASLT_MATMUL_DESC_BIAS_POINTER, options.bias));
  }
  RETURN_IF_ERROR(MakeLayout(b, &plan->first));
  RETURN_IF_ERROR(MakeLayout(a, &plan->second));
  RETURN_IF_ERROR(MakeLayout(c, &plan->out));
  return ChooseAlgorithm({b.data, a.data, c.data}, plan);
}

Result<Matmul::Plan*> Matmul::PlanOf(const GemmOptions& options, const Operand& a, const Operand& b,
                                     const Operand& c) {
  const uint32_t bits = (options.transpose_a ? 1u : 0u) | (options.transpose_b ? 2u : 0u) |
                        static_cast<uint32_t>(EpilogueOf(options)) << 2 |
                        AlignmentOf(options.bias) << 8;
  const uint32_t alignments =
      AlignmentOf(a.data) | AlignmentOf(b.data) << 10 | AlignmentOf(c.data) << 20;
  const int64_t k = options.transpose_a ? a.rows : a.cols;
  const Key key = {c.rows, c.cols, k, a.stride, b.stride, c.stride, bits, alignments};
  const auto found = plans_.find(key);
  if (found != plans_.end()) return &found->second;
  Plan plan;
  RETURN_IF_ERROR(MakePlan(options, a, b, c, &plan));
  return &plans_.emplace(key, std::move(plan)).first->second;
}

Status Matmul::Run(const GemmOptions& options, MatrixView<const float> a, MatrixView<const float> b,
                   MatrixView<float> c, cudaStream_t stream) {
  ASSIGN_OR_RETURN(const Operand first, Read(b, rounded_[0], stream));
  ASSIGN_OR_RETURN(const Operand second, Read(a, rounded_[1], stream));
  ASSIGN_OR_RETURN(Plan* const plan, PlanOf(options, second, first, AsItIs(c)));
  if (options.bias != nullptr) {
    CHECK(AlignmentOf(options.bias) >= kBiasAlignment, "a bias that epilogues cannot load");
    RETURN_IF_ERROR(SetDesc(plan->desc, CUBLASLT_MATMUL_DESC_BIAS_POINTER, options.bias));
  }
  const float alpha = 1, beta = options.accumulate ? 1 : 0;
  CUDA_RETURN_IF_ERROR(cublasLtMatmul(handle_.get(), plan->desc.get(), &alpha, first.data,
                                      plan->first.get(), second.data, plan->second.get(), &beta,
                                      c.data, plan->out.get(), c.data, plan->out.get(), &plan->algo,
                                      workspace_, workspace_bytes_, stream));
  return Status::Ok();
}

}  // namespace chorus::worker::cuda
