// The functions of include/cublasLt.h. A product is computed in float as on a device, from inputs
// of the precision that is asked for. As with cuBLASLt, the algorithm depends on the alignments
// that it is chosen for, and the order of additions on the algorithm: here, the term that it begins
// with. Pointers are checked against these alignments, and the bias that an epilogue adds against
// 16 bytes, which its vector loads need.

#include "cublasLt.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "tests/support/cuda_host/call_log.h"

using chorus::cuda_host::CountHandle;
using chorus::cuda_host::EnterCall;

struct cublasLtContext {};
struct cublasLtMatmulDescOpaque_t {
  cublasComputeType_t compute = CUBLAS_COMPUTE_32F;
  int transpose_a = CUBLAS_OP_N;
  int transpose_b = CUBLAS_OP_N;
  int epilogue = CUBLASLT_EPILOGUE_DEFAULT;
  const float* bias = nullptr;
};
struct cublasLtMatrixLayoutOpaque_t {
  uint64_t rows;
  uint64_t cols;
  int64_t ld;
  cudaDataType_t type;
};
struct cublasLtMatmulPreferenceOpaque_t {
  uint32_t alignment[4] = {256, 256, 256, 256};  // of A, B, C, D; cuBLASLt's own default
};

namespace {

// The matrix as floats, [cols, ld], each what a product of that precision reads of it.
std::vector<float> Read(const void* data, const cublasLtMatrixLayoutOpaque_t& layout,
                        cublasComputeType_t compute) {
  std::vector<float> values(layout.cols * static_cast<uint64_t>(layout.ld));
  for (uint64_t j = 0; j < layout.cols; ++j) {
    for (uint64_t i = 0; i < layout.rows; ++i) {
      const uint64_t at = j * static_cast<uint64_t>(layout.ld) + i;
      uint32_t bits = 0;
      if (layout.type == CUDA_R_16BF) {
        bits = uint32_t{static_cast<const uint16_t*>(data)[at]} << 16;
      } else {
        std::memcpy(&bits, static_cast<const float*>(data) + at, sizeof(bits));
        // TF32 has 10 bits of mantissa; to the nearest, ties to even.
        if (compute == CUBLAS_COMPUTE_32F_FAST_TF32) {
          bits = (bits + 0xfffu + (bits >> 13 & 1u)) & ~0x1fffu;
        }
      }
      std::memcpy(&values[at], &bits, sizeof(bits));
    }
  }
  return values;
}

struct Product {
  cublasLtMatmulDescOpaque_t desc;
  cublasLtMatrixLayoutOpaque_t a_layout, b_layout, d_layout;
  float alpha, beta;
  const void* a_data;
  const void* b_data;
  float* d;
  uint64_t first_term;
  std::vector<float> a, b;  // what Compute reads

  uint64_t m() const { return d_layout.rows; }
  uint64_t n() const { return d_layout.cols; }
  uint64_t k() const { return desc.transpose_a != CUBLAS_OP_N ? a_layout.rows : a_layout.cols; }
  float B(uint64_t p, uint64_t j) const {
    const auto ld = static_cast<uint64_t>(b_layout.ld);
    return desc.transpose_b != CUBLAS_OP_N ? b[p * ld + j] : b[j * ld + p];
  }

  bool IsConsistent() const {
    const bool ta = desc.transpose_a != CUBLAS_OP_N, tb = desc.transpose_b != CUBLAS_OP_N;
    return (ta ? a_layout.cols : a_layout.rows) == m() &&
           (tb ? b_layout.rows : b_layout.cols) == n() &&
           (tb ? b_layout.cols : b_layout.rows) == k();
  }

  uint64_t Term(uint64_t nth) const {
    return nth < k() - first_term ? first_term + nth : first_term + nth - k();
  }

  // sums = column j of op(A) op(B), term after term.
  void SumColumn(uint64_t j, float* sums) const {
    const auto ld = static_cast<uint64_t>(a_layout.ld);
    std::fill_n(sums, m(), 0.0f);
    if (desc.transpose_a != CUBLAS_OP_N) {
      for (uint64_t i = 0; i < m(); ++i) {
        for (uint64_t nth = 0; nth < k(); ++nth) {
          sums[i] += a[i * ld + Term(nth)] * B(Term(nth), j);
        }
      }
      return;
    }
    for (uint64_t nth = 0; nth < k(); ++nth) {
      const uint64_t p = Term(nth);
      const float factor = B(p, j);
      for (uint64_t i = 0; i < m(); ++i) sums[i] += a[p * ld + i] * factor;
    }
  }

  void Compute() {
    a = Read(a_data, a_layout, desc.compute);
    b = Read(b_data, b_layout, desc.compute);
    std::vector<float> sums(m());
    for (uint64_t j = 0; j < n(); ++j) {
      SumColumn(j, sums.data());
      float* const out = d + j * static_cast<uint64_t>(d_layout.ld);
      for (uint64_t i = 0; i < m(); ++i) {
        float value = alpha * sums[i];
        if (beta != 0) value += beta * out[i];
        if ((desc.epilogue & CUBLASLT_EPILOGUE_BIAS) != 0) value += desc.bias[i];
        if ((desc.epilogue & CUBLASLT_EPILOGUE_RELU) != 0) value = std::max(value, 0.0f);
        out[i] = value;
      }
    }
  }
};

// Of an algorithm; 0 where everything is 256-byte aligned, else another for every other alignment.
uint64_t NumberOf(const cublasLtMatmulAlgo_t& algo) {
  uint64_t number = 0;
  for (int i = 0; i < 4; ++i) {
    for (uint64_t bytes = algo.data[i]; bytes < 256; bytes *= 2) ++number;
    number *= 10;
  }
  return number / 10;
}

constexpr uint32_t kVector = 16;  // bytes that a thread loads at a time

bool IsAligned(const void* pointer, uint64_t bytes) {
  return bytes == 0 || reinterpret_cast<uintptr_t>(pointer) % bytes == 0;
}

}  // namespace

#define ENTER_LT_CALL()                                          \
  if (const int injected = EnterCall(__func__); injected != 0) { \
    return static_cast<cublasStatus_t>(injected);                \
  }

const char* cublasLtGetStatusName(cublasStatus_t status) {
  switch (status) {
    case CUBLAS_STATUS_SUCCESS:
      return "CUBLAS_STATUS_SUCCESS";
    case CUBLAS_STATUS_NOT_INITIALIZED:
      return "CUBLAS_STATUS_NOT_INITIALIZED";
    case CUBLAS_STATUS_ALLOC_FAILED:
      return "CUBLAS_STATUS_ALLOC_FAILED";
    case CUBLAS_STATUS_INVALID_VALUE:
      return "CUBLAS_STATUS_INVALID_VALUE";
    case CUBLAS_STATUS_EXECUTION_FAILED:
      return "CUBLAS_STATUS_EXECUTION_FAILED";
    case CUBLAS_STATUS_NOT_SUPPORTED:
      return "CUBLAS_STATUS_NOT_SUPPORTED";
  }
  return "CUBLAS_STATUS_NOT_SUPPORTED";  // of a number that a test makes up
}
size_t cublasLtGetVersion() { return 130000; }

cublasStatus_t cublasLtCreate(cublasLtHandle_t* handle) {
  ENTER_LT_CALL();
  *handle = new cublasLtContext();
  CountHandle(1);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle) {
  ENTER_LT_CALL();
  delete handle;
  CountHandle(-1);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t* desc, cublasComputeType_t compute,
                                        cudaDataType_t) {
  ENTER_LT_CALL();
  *desc = new cublasLtMatmulDescOpaque_t{.compute = compute};
  CountHandle(1);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t desc) {
  ENTER_LT_CALL();
  delete desc;
  CountHandle(-1);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t desc,
                                              cublasLtMatmulDescAttributes_t attribute,
                                              const void* value, size_t bytes) {
  ENTER_LT_CALL();
  const auto set = [&](void* field, size_t size) {
    if (bytes != size) return CUBLAS_STATUS_INVALID_VALUE;
    std::memcpy(field, value, size);
    return CUBLAS_STATUS_SUCCESS;
  };
  switch (attribute) {
    case CUBLASLT_MATMUL_DESC_TRANSA:
      return set(&desc->transpose_a, sizeof(int));
    case CUBLASLT_MATMUL_DESC_TRANSB:
      return set(&desc->transpose_b, sizeof(int));
    case CUBLASLT_MATMUL_DESC_EPILOGUE:
      return set(&desc->epilogue, sizeof(int));
    case CUBLASLT_MATMUL_DESC_BIAS_POINTER:
      return set(&desc->bias, sizeof(desc->bias));
  }
  return CUBLAS_STATUS_NOT_SUPPORTED;
}
cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t* layout, cudaDataType_t type,
                                          uint64_t rows, uint64_t cols, int64_t ld) {
  ENTER_LT_CALL();
  if (rows == 0 || cols == 0 || ld < static_cast<int64_t>(rows)) return CUBLAS_STATUS_INVALID_VALUE;
  *layout = new cublasLtMatrixLayoutOpaque_t{rows, cols, ld, type};
  CountHandle(1);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout) {
  ENTER_LT_CALL();
  delete layout;
  CountHandle(-1);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t* preference) {
  ENTER_LT_CALL();
  *preference = new cublasLtMatmulPreferenceOpaque_t();
  CountHandle(1);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference) {
  ENTER_LT_CALL();
  delete preference;
  CountHandle(-1);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t preference,
                                                    cublasLtMatmulPreferenceAttributes_t attribute,
                                                    const void* value, size_t bytes) {
  ENTER_LT_CALL();
  if (attribute < CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES) return CUBLAS_STATUS_SUCCESS;
  if (bytes != sizeof(uint32_t)) return CUBLAS_STATUS_INVALID_VALUE;
  std::memcpy(&preference->alignment[attribute - CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES], value,
              bytes);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t, cublasLtMatmulDesc_t,
                                              cublasLtMatrixLayout_t, cublasLtMatrixLayout_t,
                                              cublasLtMatrixLayout_t, cublasLtMatrixLayout_t,
                                              cublasLtMatmulPreference_t preference, int,
                                              cublasLtMatmulHeuristicResult_t* results,
                                              int* found) {
  ENTER_LT_CALL();
  *results = {};
  for (int i = 0; i < 4; ++i) results->algo.data[i] = preference->alignment[i];
  results->state =
      static_cast<cublasStatus_t>(EnterCall("cublasLtMatmulAlgoGetHeuristic's result"));
  *found = 1;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmul(cublasLtHandle_t, cublasLtMatmulDesc_t desc, const void* alpha,
                              const void* a, cublasLtMatrixLayout_t a_layout, const void* b,
                              cublasLtMatrixLayout_t b_layout, const void* beta, const void* c,
                              cublasLtMatrixLayout_t, void* d, cublasLtMatrixLayout_t d_layout,
                              const cublasLtMatmulAlgo_t* algo, void*, size_t,
                              cudaStream_t stream) {
  ENTER_LT_CALL();
  if (c != d) return CUBLAS_STATUS_NOT_SUPPORTED;
  const void* const pointers[] = {a, b, c, d};
  for (int i = 0; i < 4; ++i) {
    if (!IsAligned(pointers[i], algo->data[i])) return CUBLAS_STATUS_INVALID_VALUE;
  }
  if (!IsAligned(desc->bias, kVector)) return CUBLAS_STATUS_INVALID_VALUE;
  Product product = {*desc,
                     *a_layout,
                     *b_layout,
                     *d_layout,
                     *static_cast<const float*>(alpha),
                     *static_cast<const float*>(beta),
                     a,
                     b,
                     static_cast<float*>(d),
                     0,
                     {},
                     {}};
  if (!product.IsConsistent()) return CUBLAS_STATUS_INVALID_VALUE;
  product.first_term = NumberOf(*algo) % product.k();
  chorus::cuda_host::Enqueue(
      stream, [product]() mutable { product.Compute(); },
      2 * product.m() * product.n() * product.k());
  return CUBLAS_STATUS_SUCCESS;
}
