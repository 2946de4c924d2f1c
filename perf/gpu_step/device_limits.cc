#include "perf/gpu_step/device_limits.h"

#include <algorithm>
#include <functional>

namespace chorus::perf {
namespace {

using worker::Device;

constexpr int kRepetitions = 10;

// The fastest of several runs after one to warm up, on the device's own clock.
Result<double> BestOnDevice(Device* device, const std::function<Status()>& work) {
  double best = 1e9;
  for (int i = 0; i <= kRepetitions; ++i) {
    RETURN_IF_ERROR(device->Mark(0));
    RETURN_IF_ERROR(work());
    RETURN_IF_ERROR(device->Mark(1));
    RETURN_IF_ERROR(device->Synchronize());
    ASSIGN_OR_RETURN(const double seconds, device->SecondsBetween(0, 1));
    if (i > 0) best = std::min(best, seconds);
  }
  return std::max(best, 1e-9);
}

Result<double> ProductFlops(Device* device, int64_t n) {
  const auto bytes = static_cast<size_t>(n * n) * sizeof(float);
  MatrixView<float> matrices[3];
  for (MatrixView<float>& matrix : matrices) {
    ASSIGN_OR_RETURN(std::byte* const memory, device->TakeMemory(bytes));
    matrix = {reinterpret_cast<float*>(memory), n, n};
    device->Fill(0.5f, matrix);
  }
  ASSIGN_OR_RETURN(const double seconds, BestOnDevice(device, [&] {
                     return device->Gemm({}, matrices[0], matrices[1], matrices[2]);
                   }));
  const auto size = static_cast<double>(n);
  return 2 * size * size * size / seconds;
}

}  // namespace

Result<DeviceLimits> MeasureLimits(Device* device, const LimitSizes& sizes) {
  DeviceLimits limits;
  ASSIGN_OR_RETURN(limits.product_flops, ProductFlops(device, sizes.product));
  const size_t bytes = sizes.copy_bytes;
  ASSIGN_OR_RETURN(std::byte* const from, device->TakeMemory(bytes));
  ASSIGN_OR_RETURN(std::byte* const to, device->TakeMemory(bytes));
  ASSIGN_OR_RETURN(std::byte* const host, device->TakeHostMemory(bytes));
  const auto copied = static_cast<double>(bytes);
  ASSIGN_OR_RETURN(const double up,
                   BestOnDevice(device, [&] { return device->Upload(host, from, bytes); }));
  ASSIGN_OR_RETURN(const double down,
                   BestOnDevice(device, [&] { return device->Download(from, host, bytes); }));
  ASSIGN_OR_RETURN(const double inside,
                   BestOnDevice(device, [&] { return device->CopyOnDevice(from, to, bytes); }));
  limits.to_device = copied / up;
  limits.to_host = copied / down;
  limits.memory = 2 * copied / inside;
  return limits;
}

}  // namespace chorus::perf
