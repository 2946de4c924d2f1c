#pragma once
// The emulation's own record of calls, objects and memory (emulation.h). Thread safety: any thread.

#include <cstddef>
#include <cstdint>

namespace chorus::cuda_host {

// Every function of the API begins with it. Returns the error that it must return at once; 0: none.
int EnterCall(const char* function);

// What an item of a stream's work counts for.
struct WorkCount {
  uint64_t kernels = 0;
  uint64_t product_flops = 0;
  uint64_t bytes_to_device = 0;
  uint64_t bytes_to_host = 0;
  uint64_t bytes_on_device = 0;
};
void CountWork(const WorkCount& work);
void CountGraph(size_t nodes);  // of a launched graph; its work is counted as well
void CountHandle(int change);   // +1 made, -1 destroyed

// Memory that kernels may use, and memory that copies need not stage.
enum class MemoryKind { kDevice, kPinned };
size_t BytesOf(MemoryKind kind);                      // of all live blocks
void* AllocateMemory(MemoryKind kind, size_t bytes);  // null: none left.  Filled with NaNs
bool FreeMemory(MemoryKind kind, void* memory);       // false: not such memory
// Whether all of [memory, memory + bytes) is in one allocation of the device.
bool IsDeviceMemory(const void* memory, size_t bytes);
// Whether any of it does.
bool TouchesDeviceMemory(const void* memory, size_t bytes);
// Whether all of it is page-locked.
bool IsPinnedMemory(const void* memory, size_t bytes);

int Devices();
// When the stream that is being made does its work.
enum class WorkTime { kAtOnce, kThread, kLate };
WorkTime NextStreamsWork();
bool IsDroppedWait();  // to be called once per wait

}  // namespace chorus::cuda_host
