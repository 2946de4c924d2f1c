#include "worker/cuda/memory_blocks.h"
#include "common/strings.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace chorus::worker::cuda {

namespace {

constexpr const char* kWhatDecides =
    "compute.cuda.step_memory_mb, step.grain_rows and the number of grains decide how much is "
    "taken";

Status WithSizes(Status status, size_t bytes) {
  size_t free = 0, total = 0;
  const bool known = cudaMemGetInfo(&free, &total) == cudaSuccess;
  if (!known) static_cast<void>(cudaGetLastError());
  return status.Annotate(
      StrCat(bytes >> 20, " MiB more of the device's memory",
             known ? StrCat(", of which ", free >> 20, " of ", total >> 20, " MiB are free") : "",
             " (", kWhatDecides, ")"));
}

}  // namespace

Result<std::byte*> MemoryBlocks::Take(size_t bytes) {
  DeviceMemory memory;
  if (const cudaError_t error = cudaMalloc(memory.receive(), bytes); error != cudaSuccess) {
    return WithSizes(StatusOf(error, {__FILE__, __LINE__, "cudaMalloc"}), bytes);
  }
  device_.push_back(std::move(memory));
  return static_cast<std::byte*>(device_.back().get());
}

Result<std::byte*> MemoryBlocks::TakeHost(size_t bytes) {
  PinnedMemory memory;
  if (cudaHostAlloc(memory.receive(), bytes, cudaHostAllocDefault) != cudaSuccess) {
    static_cast<void>(cudaGetLastError());
    std::unique_ptr<std::byte[]> plain(new (std::nothrow) std::byte[bytes]());
    if (plain == nullptr) {
      return ResourceExhausted(StrCat(
          bytes >> 20, " MiB more of the host's memory are not to be had (", kWhatDecides, ")"));
    }
    plain_bytes_ += bytes;
    plain_.push_back(std::move(plain));
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
