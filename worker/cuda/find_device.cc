#include "worker/cuda/find_device.h"

#include <string>

#include "common/strings.h"
#include "worker/cuda/handles.h"
#include "worker/cuda/kernels.h"

namespace chorus::worker::cuda {
namespace {

std::string Version(int version) { return StrCat(version / 1000, ".", version % 1000 / 10); }

std::string VersionsFound() {
  int driver = 0, toolkit = 0;
  static_cast<void>(cudaDriverGetVersion(&driver));
  static_cast<void>(cudaRuntimeGetVersion(&toolkit));
  return StrCat(driver == 0 ? "no driver" : StrCat("a driver for CUDA ", Version(driver)),
                ", toolkit ", Version(toolkit));
}

// As nvidia-smi writes it: "GPU-01234567-89ab-cdef-0123-456789abcdef".
std::string IdOf(const cudaUUID_t& uuid) {
  std::string id = "GPU";
  for (int i = 0; i < 16; ++i) {
    constexpr char kDigits[] = "0123456789abcdef";
    if (i == 0 || i == 4 || i == 6 || i == 8 || i == 10) id += '-';
    const auto value = static_cast<unsigned char>(uuid.bytes[i]);
    id += kDigits[value >> 4];
    id += kDigits[value & 15];
  }
  return id;
}

// Whether the device can run this library's kernels: the library has code for some architectures
// only, and an old driver may refuse it.
Status CheckCode(const cudaDeviceProp& properties, const DeviceInfo& info) {
  const cudaError_t error = CheckKernels();
  if (error == cudaSuccess) return Status::Ok();
  static_cast<void>(cudaGetLastError());
  return FailedPrecondition(
      StrCat("CUDA device ", info.index, " (", info.name, ", compute capability ", properties.major,
             ".", properties.minor, ") cannot run the kernels of this library, which is built for ",
             CHORUS_CUDA_BUILT_FOR, ": ",
             StatusOf(error, {__FILE__, __LINE__, "cudaFuncGetAttributes"}).message(), " (found ",
             info.versions, ")"));
}

}  // namespace

Status FindDevice(int index, DeviceInfo* info) {
  info->versions = VersionsFound();
  int devices = 0;
  const cudaError_t error = cudaGetDeviceCount(&devices);
  if (error != cudaSuccess || devices == 0) {
    static_cast<void>(cudaGetLastError());
    return FailedPrecondition(
        StrCat("CUDA has no usable device: ",
               error == cudaSuccess ? "none is visible" : cudaGetErrorString(error), " (found ",
               info->versions, ", ", error == cudaSuccess ? devices : 0, " devices)"));
  }
  info->index = index % devices;
  info->devices = devices;
  CUDA_RETURN_IF_ERROR(cudaSetDevice(info->index));
  cudaDeviceProp properties = {};
  CUDA_RETURN_IF_ERROR(cudaGetDeviceProperties(&properties, info->index));
  info->name = properties.name;
  info->id = IdOf(properties.uuid);
  info->memory_bytes = properties.totalGlobalMem;
  return CheckCode(properties, *info);
}

}  // namespace chorus::worker::cuda
