#include "launch/gpu/hardware.h"

#include <algorithm>
#include <cctype>
#include <vector>

namespace chorus::gpu {
namespace {

bool IsSameWord(const std::string& a, const std::string& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

// NVIDIA prints tensor rates with sparsity from the L4 on; these are half of them.
const std::vector<Gpu>& Table() {
  static const std::vector<Gpu> table = {
      {.name = "V100",
       .memory_gb = 32,
       .fp32_tflops = 15.7,
       .memory_gb_s = 900,
       .bus_gb_s = 16,
       .link_gb_s = 150,
       .host_gbit_s = 100,
       .processors = 80,
       .runs = false,
       .source = "NVIDIA V100 datasheet, 2020 (SXM2, 32 GB); PCIe 3.0 x16, NVLink 300 GB/s both "
                 "ways; host: 100 "
                 "Gbit/s as AWS p3dn"},
      {.name = "T4",
       .memory_gb = 16,
       .fp32_tflops = 8.1,
       .memory_gb_s = 320,
       .bus_gb_s = 16,
       .link_gb_s = 16,
       .host_gbit_s = 100,
       .processors = 40,
       .runs = false,
       .source = "NVIDIA T4 datasheet, 2019; PCIe 3.0 x16, no NVLink"},
      {.name = "A100-40",
       .memory_gb = 40,
       .fp32_tflops = 19.5,
       .tf32_tflops = 156,
       .bf16_tflops = 312,
       .memory_gb_s = 1555,
       .bus_gb_s = 32,
       .link_gb_s = 300,
       .host_gbit_s = 400,
       .processors = 108,
       .source = "NVIDIA A100 datasheet, 2021 (SXM, 40 GB); PCIe 4.0 x16, NVLink 600 GB/s both "
                 "ways; host: 4 x "
                 "100 Gbit/s as AWS p4d"},
      {.name = "A100-80",
       .memory_gb = 80,
       .fp32_tflops = 19.5,
       .tf32_tflops = 156,
       .bf16_tflops = 312,
       .memory_gb_s = 2039,
       .bus_gb_s = 32,
       .link_gb_s = 300,
       .host_gbit_s = 400,
       .processors = 108,
       .source = "NVIDIA A100 datasheet, 2021 (SXM, 80 GB); otherwise as A100-40"},
      {.name = "L4",
       .memory_gb = 24,
       .fp32_tflops = 30.3,
       .tf32_tflops = 60,
       .bf16_tflops = 121,
       .memory_gb_s = 300,
       .bus_gb_s = 32,
       .link_gb_s = 32,
       .host_gbit_s = 100,
       .processors = 58,
       .source = "NVIDIA L4 datasheet, 2023; PCIe 4.0 x16, no NVLink; host: 100 Gbit/s as GCP "
                 "g2-standard-96"},
      {.name = "L40S",
       .memory_gb = 48,
       .fp32_tflops = 91.6,
       .tf32_tflops = 183,
       .bf16_tflops = 362,
       .memory_gb_s = 864,
       .bus_gb_s = 32,
       .link_gb_s = 32,
       .host_gbit_s = 400,
       .processors = 142,
       .source =
           "NVIDIA L40S datasheet, 2023; PCIe 4.0 x16, no NVLink; host: 400 Gbit/s as AWS g6e"},
      {.name = "H100",
       .memory_gb = 80,
       .fp32_tflops = 67,
       .tf32_tflops = 494.7,
       .bf16_tflops = 989.4,
       .memory_gb_s = 3350,
       .bus_gb_s = 64,
       .link_gb_s = 450,
       .host_gbit_s = 3200,
       .processors = 132,
       .source = "NVIDIA H100 datasheet, 2023 (SXM); PCIe 5.0 x16, NVLink 900 GB/s both ways; "
                 "host: 8 x 400 "
                 "Gbit/s as DGX H100"},
      {.name = "H200",
       .memory_gb = 141,
       .fp32_tflops = 67,
       .tf32_tflops = 494.7,
       .bf16_tflops = 989.4,
       .memory_gb_s = 4800,
       .bus_gb_s = 64,
       .link_gb_s = 450,
       .host_gbit_s = 3200,
       .processors = 132,
       .source = "NVIDIA H200 datasheet, 2024 (SXM); otherwise as H100"},
  };
  return table;
}

}  // namespace

std::span<const Gpu> Gpus() { return Table(); }

const Gpu* FindGpu(const std::string& name) {
  // The name alone means the one with more memory.
  const std::string asked = IsSameWord(name, "A100") ? "A100-80" : name;
  for (const Gpu& gpu : Table()) {
    if (IsSameWord(asked, gpu.name)) return &gpu;
  }
  return nullptr;
}

}  // namespace chorus::gpu
