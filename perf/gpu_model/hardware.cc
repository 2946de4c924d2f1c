#include "perf/gpu_model/hardware.h"

namespace chorus::perf {
namespace {

// NVIDIA prints tensor rates of the H100 with sparsity; these are half of them.
constexpr Gpu kGpus[] = {
    {"T4", 8.1, 0, 0, 320, 16, 16, 100, 40, "NVIDIA T4 datasheet, 2019; PCIe 3.0 x16, no NVLink"},
    {"A100-40", 19.5, 156, 312, 1555, 32, 300, 400, 108,
     "NVIDIA A100 datasheet, 2021 (SXM, 40 GB); PCIe 4.0 x16, NVLink 600 GB/s both ways; host: 4 x "
     "100 Gbit/s as AWS p4d"},
    {"A100-80", 19.5, 156, 312, 2039, 32, 300, 400, 108,
     "NVIDIA A100 datasheet, 2021 (SXM, 80 GB); otherwise as A100-40"},
    {"H100", 67, 494.7, 989.4, 3350, 64, 450, 3200, 132,
     "NVIDIA H100 datasheet, 2023 (SXM); PCIe 5.0 x16, NVLink 900 GB/s both ways; host: 8 x 400 "
     "Gbit/s as DGX H100"},
};

}  // namespace

std::span<const Gpu> Gpus() { return kGpus; }

const Gpu* FindGpu(const std::string& name) {
  for (const Gpu& gpu : kGpus) {
    if (name == gpu.name) return &gpu;
  }
  return nullptr;
}

}  // namespace chorus::perf
