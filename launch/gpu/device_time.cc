#include "launch/gpu/device_time.h"

#include <algorithm>

namespace chorus::gpu {
namespace {

constexpr double kGiga = 1e9;

double Of(uint64_t n) { return static_cast<double>(n); }

}  // namespace

double ProductPeakOf(const Gpu& gpu, ComputeConfig::Precision precision) {
  double tflops = gpu.fp32_tflops;
  if (precision == ComputeConfig::TF32) tflops = std::max(tflops, gpu.tf32_tflops);
  if (precision == ComputeConfig::BF16) tflops = std::max(tflops, gpu.bf16_tflops);
  return tflops * 1e12;
}

double BusSeconds(double bytes, double copies, const Gpu& gpu) {
  return copies * assumed::kCopySeconds + bytes / (gpu.bus_gb_s * kGiga * assumed::kBusShare);
}

double SecondsOf(const Cost& cost, const Gpu& gpu, ComputeConfig::Precision precision) {
  if (cost.bus_bytes() > 0) return BusSeconds(Of(cost.bus_bytes()), Of(cost.copies), gpu);
  const double starts = Of(cost.launches + cost.products + cost.fills + cost.copies + cost.graphs) *
                            gpu.start_us * 1e-6 +
                        Of(cost.nodes) * assumed::kNodeSeconds;
  const double memory = Of(cost.memory_bytes) / (gpu.memory_gb_s * kGiga * assumed::kMemoryShare);
  double products = 0;
  if (cost.flops > 0) {
    const double busy = std::min(1.0, Of(cost.pieces) / gpu.processors);
    products = Of(cost.flops) / (ProductPeakOf(gpu, precision) * assumed::kProductShare * busy);
  }
  const double loops = Of(cost.passes) * assumed::kPassSeconds;
  return std::max({starts, memory, products, loops}) + Of(cost.waits) * assumed::kWaitSeconds;
}

double KernelSeconds(const StepCost& calls, const Gpu& gpu, ComputeConfig::Precision precision) {
  double seconds = 0;
  for (const CallCost& call : calls) {
    if (call.cost.bus_bytes() == 0) seconds += SecondsOf(call.cost, gpu, precision);
  }
  return seconds;
}

}  // namespace chorus::gpu
