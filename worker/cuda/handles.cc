#include "worker/cuda/handles.h"
#include "common/strings.h"

namespace chorus::worker::cuda {
namespace {

// "nccl_.ncclSend(from, count)" -> "ncclSend": arguments say nothing to a user.
std::string FunctionOf(const char* call) {
  const std::string text = call;
  const std::string function = text.substr(0, text.find('('));
  return function.substr(function.rfind('.') + 1);
}

}  // namespace

std::string Describe(const std::string& what, const Place& place) {
  return StrCat(FunctionOf(place.call), ": ", what, " (", place.file, ":", place.line, ")");
}

Status StatusOf(cudaError_t error, const Place& place) {
  if (error == cudaSuccess) return Status::Ok();
  const std::string text =
      Describe(StrCat(cudaGetErrorName(error), ", ", cudaGetErrorString(error)), place);
  static_cast<void>(cudaGetLastError());  // it has been told
  return error == cudaErrorMemoryAllocation ? ResourceExhausted(text) : Internal(text);
}

Status StatusOf(cublasStatus_t error, const Place& place) {
  if (error == CUBLAS_STATUS_SUCCESS) return Status::Ok();
  const std::string text = Describe(cublasLtGetStatusName(error), place);
  return error == CUBLAS_STATUS_ALLOC_FAILED ? ResourceExhausted(text) : Internal(text);
}

}  // namespace chorus::worker::cuda
