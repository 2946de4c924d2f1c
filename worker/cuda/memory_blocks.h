#pragma once
// The memory that a device has taken, on the device and on the host. It is freed with this object.
// Thread safety: none.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "common/status.h"
#include "worker/cuda/handles.h"

namespace chorus::worker::cuda {

class MemoryBlocks {
 public:
  // Memory of the current device, with unspecified contents.  bytes: > 0, here and below. Error of
  // both functions: kResourceExhausted, names the number of bytes.
  Result<std::byte*> Take(size_t bytes);
  // Memory of the host, zero at first: page-locked, or plain memory where the system refuses that.
  Result<std::byte*> TakeHost(size_t bytes);
  uint64_t plain_bytes() const { return plain_bytes_; }
  bool IsPinned(const void* host, size_t bytes) const;

 private:
  struct HostBlock {
    PinnedMemory memory;
    size_t bytes;
  };
  std::vector<DeviceMemory> device_;
  std::vector<HostBlock> pinned_;
  std::vector<std::unique_ptr<std::byte[]>> plain_;
  uint64_t plain_bytes_ = 0;
};

}  // namespace chorus::worker::cuda
