#pragma once
// The memory that a worker takes of its device, by part: what a dry run's calls ask for, and what the
// CUDA library takes beside (worker/cuda). Thread safety: pure function.

#include <cstdint>
#include <string>
#include <vector>

#include "common/config.pb.h"
#include "launch/gpu/counting_device.h"
#include "worker/model/model.h"

namespace chorus::gpu {

struct MemoryPart {
  std::string name;
  uint64_t bytes = 0;
};

struct DeviceMemory {
  std::vector<MemoryPart> parts;
  // The sum of the parts without the assumed one: exactly the memory that the library asks CUDA
  // for.
  uint64_t counted = 0;
  // The memory of CUDA's context and of NCCL, which is assumed (hardware.h).
  uint64_t assumed = 0;
  uint64_t total() const { return counted + assumed; }
  uint64_t host_bytes = 0;  // page-locked, of the worker's process
};

// The worker. grains: those of the worker; workers: those of the job; terms: the terms of the canonical tree from all
// workers, 0 if devices do not sum.
struct MemoryOf {
  const TrainConfig* config = nullptr;
  const worker::Model* model = nullptr;
  uint32_t grains = 1;
  uint32_t workers = 1;
  uint32_t terms = 0;
};
DeviceMemory MemoryOfDevice(const TakenMemory& taken, const MemoryOf& of);

}  // namespace chorus::gpu
