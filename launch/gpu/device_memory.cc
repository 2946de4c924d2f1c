#include "launch/gpu/device_memory.h"

#include <algorithm>
#include <numeric>

#include "launch/gpu/hardware.h"
#include "worker/cuda/scratch_sizes.h"

namespace chorus::gpu {
namespace {

constexpr uint64_t kArrays = 3;  // weights, and what an optimizer keeps: two, whatever it is

// What KernelCalls::Reserve takes (worker/cuda/kernel_calls.cc).
uint64_t ReservedBytes(const worker::DeviceSizes& sizes, bool rounds) {
  uint64_t bytes = worker::cuda::ScratchBytes(sizes.rows, sizes.columns);
  if (rounds)
    bytes += static_cast<uint64_t>(2 * sizes.product_input + sizes.weights) * sizeof(uint16_t);
  return bytes;
}

// The terms of a bucket that a worker owns a slice of, and the order in which it adds them
// (worker/cuda/collective_nccl.cc).
uint64_t SumBytesOnDevice(const MemoryOf& of, uint64_t parameters) {
  if (of.terms == 0) return 0;
  const uint64_t bucket = uint64_t{of.config->compute().cuda().bucket_kb()} * 1024 / sizeof(float);
  const uint64_t slice = (std::min(bucket, parameters) + of.workers - 1) / of.workers;
  const uint64_t floats = std::max<uint64_t>(of.terms * slice, of.workers);
  return floats * sizeof(float) + uint64_t{2} * (of.terms - 1) * sizeof(uint32_t);
}

}  // namespace

DeviceMemory MemoryOfDevice(const TakenMemory& taken, const MemoryOf& of) {
  DeviceMemory memory;
  const auto add = [&](const char* name, uint64_t bytes) {
    if (bytes > 0) memory.parts.push_back({name, bytes});
  };
  const std::vector<uint64_t>& blocks = taken.blocks;
  const uint64_t all = std::accumulate(blocks.begin(), blocks.end(), uint64_t{0});
  const auto parameters = static_cast<uint64_t>(of.model->parameters().size());
  // The first block is the memory that a step of any size computes with (DeviceStep::Open).
  const uint64_t fixed = blocks.empty() ? 0 : blocks.front();
  const uint64_t weights = kArrays * parameters * sizeof(float);
  const uint64_t gradients = (of.grains + uint64_t{1}) * parameters * sizeof(float);
  const bool rounds = of.config->compute().precision() == ComputeConfig::BF16;
  const uint64_t scratch = ReservedBytes(taken.sizes, rounds);
  const uint64_t sums = SumBytesOnDevice(of, parameters);
  add("dense weights and optimizer", weights);
  add("dense gradients", gradients);
  add("activations", fixed - std::min(fixed, weights + gradients));
  add("steps and gradients of rows", all - fixed);
  const uint64_t products_and_sums = worker::cuda::kMatmulWorkspaceBytes + scratch + sums;
  add("products and sums", products_and_sums);
  memory.counted = all + products_and_sums;
  memory.assumed =
      static_cast<uint64_t>(assumed::kContextBytes + (of.terms > 0 ? assumed::kNcclBytes : 0));
  add("CUDA and NCCL (assumed)", memory.assumed);
  memory.host_bytes = taken.host_bytes;
  return memory;
}

}  // namespace chorus::gpu
