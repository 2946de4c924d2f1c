#pragma once
// Owners of CUDA's handles, and the macros that turn its errors into Status. Destructors ignore
// errors: they are those of a device that is lost anyway. Thread safety: none; move-only.

#include <cublasLt.h>
#include <cuda_runtime.h>

#include <string>
#include <utility>

#include "common/status.h"

namespace chorus::worker::cuda {

// The place of a call, for the message of its error.
struct Place {
  const char* file;
  int line;
  const char* call;
};

// "cudaMalloc: what (file:line)"
std::string Describe(const std::string& what, const Place& place);

// kResourceExhausted for memory, kInternal for the rest.
Status StatusOf(cudaError_t error, const Place& place);
Status StatusOf(cublasStatus_t error, const Place& place);

// Returns the status of `call` from the enclosing function if it fails.
#define CUDA_RETURN_IF_ERROR(call)                                                         \
  do {                                                                                     \
    if (const auto error_of_call = (call); static_cast<int>(error_of_call) != 0) {         \
      return ::chorus::worker::cuda::StatusOf(error_of_call, {__FILE__, __LINE__, #call}); \
    }                                                                                      \
  } while (0)

// In a class with Keep(error, place): keeps the error of `call`, in functions that return nothing.
#define CUDA_KEEP_ERROR(call) Keep((call), {__FILE__, __LINE__, #call})

// An owner of a handle that the function kDestroy destroys.
template <typename Handle, auto kDestroy>
class Owned {
 public:
  Owned() = default;
  explicit Owned(Handle handle) : handle_(handle) {}
  Owned(Owned&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Owned& operator=(Owned&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Owned() {
    if (handle_ != nullptr) static_cast<void>(kDestroy(handle_));
  }

  Handle get() const { return handle_; }
  // The argument of a call that makes the handle. REQUIRES: no handle is held.
  Handle* receive() { return &handle_; }

 private:
  Handle handle_ = nullptr;
};

using Stream = Owned<cudaStream_t, cudaStreamDestroy>;
using Event = Owned<cudaEvent_t, cudaEventDestroy>;
using Graph = Owned<cudaGraph_t, cudaGraphDestroy>;
using GraphExec = Owned<cudaGraphExec_t, cudaGraphExecDestroy>;
using DeviceMemory = Owned<void*, cudaFree>;
using PinnedMemory = Owned<void*, cudaFreeHost>;
using LtHandle = Owned<cublasLtHandle_t, cublasLtDestroy>;
using MatmulDesc = Owned<cublasLtMatmulDesc_t, cublasLtMatmulDescDestroy>;
using MatrixLayout = Owned<cublasLtMatrixLayout_t, cublasLtMatrixLayoutDestroy>;
using MatmulPreference = Owned<cublasLtMatmulPreference_t, cublasLtMatmulPreferenceDestroy>;

}  // namespace chorus::worker::cuda
