#include "worker/cuda/memory_blocks.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace chorus::worker::cuda {

Result<std::byte*> MemoryBlocks::Take(size_t bytes) {
  DeviceMemory memory;
  CUDA_RETURN_IF_ERROR(cudaMalloc(memory.receive(), bytes));
  device_.push_back(std::move(memory));
  return static_cast<std::byte*>(device_.back().get());
}

std::byte* MemoryBlocks::TakeHost(size_t bytes) {
  PinnedMemory memory;
  if (cudaHostAlloc(memory.receive(), bytes, cudaHostAllocDefault) != cudaSuccess) {
    static_cast<void>(cudaGetLastError());
    plain_bytes_ += bytes;
    plain_.push_back(std::make_unique<std::byte[]>(bytes));
    return plain_.back().get();
  }
  std::memset(memory.get(), 0, bytes);
  pinned_.push_back({std::move(memory), bytes});
  return static_cast<std::byte*>(pinned_.back().memory.get());
}

bool MemoryBlocks::IsPinned(const void* host, size_t bytes) const {
  const auto* const begin = static_cast<const std::byte*>(host);
  return std::any_of(pinned_.begin(), pinned_.end(), [&](const HostBlock& block) {
    const auto* const data = static_cast<const std::byte*>(block.memory.get());
    return begin >= data && begin + bytes <= data + block.bytes;
  });
}

}  // namespace chorus::worker::cuda
