#include "tests/support/cuda_host/call_log.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <mutex>

#include "common/check.h"
#include "tests/support/cuda_host/emulation.h"

namespace chorus::cuda_host {
namespace {

// Of the beginning of an allocation uninitialised reads show. The workspace of products, which nothing here touches, is
// larger and would cost a test more than its steps.
constexpr size_t kFilledBytes = size_t{16} << 20;
constexpr size_t kAlignment = 256;  // of cudaMalloc

int DevicesAtStart() {
  const char* const number = std::getenv("CHORUS_CUDA_HOST_DEVICES");
  return number == nullptr ? 1 : std::atoi(number);
}

struct State {
  std::mutex mutex;  // guards all of the below
  Counters counters;
  LiveObjects live;
  std::string failing;
  uint64_t calls_until_failure = 0;  // 0: none
  int error = 0;
  int devices = DevicesAtStart();
  StreamOrder order = std::getenv("CHORUS_CUDA_HOST_ASYNC") != nullptr ? StreamOrder::kThreads
                                                                       : StreamOrder::kAtOnce;
  uint32_t streams = 0;           // made since the order was set
  uint64_t waits_until_drop = 0;  // 0: none is dropped
  bool nccl = std::getenv("CHORUS_CUDA_HOST_NO_NCCL") == nullptr;
  std::map<uintptr_t, size_t> memory[2];  // by MemoryKind: address and bytes
};

// Never destroyed: streams may outlive static objects.
State& TheState() {
  static State* const state = new State();
  return *state;
}

// Whether all of [memory, memory + bytes) is in one allocation.
bool LiesIn(MemoryKind kind, const void* memory, size_t bytes) {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  const auto& allocations = state.memory[static_cast<int>(kind)];
  const auto begin = reinterpret_cast<uintptr_t>(memory);
  auto after = allocations.upper_bound(begin);
  if (after == allocations.begin()) return false;
  --after;
  return begin + bytes <= after->first + after->second;
}

}  // namespace

bool IsDeviceMemory(const void* memory, size_t bytes) {
  return LiesIn(MemoryKind::kDevice, memory, bytes);
}

bool IsPinnedMemory(const void* memory, size_t bytes) {
  return LiesIn(MemoryKind::kPinned, memory, bytes);
}

int EnterCall(const char* function) {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  ++state.counters.calls[function];
  if (state.calls_until_failure == 0 || state.failing != function) return 0;
  return --state.calls_until_failure == 0 ? state.error : 0;
}

void CountWork(const WorkCount& work) {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  Counters& counters = state.counters;
  counters.launches += work.kernels;
  counters.product_flops += work.product_flops;
  counters.bytes_to_device += work.bytes_to_device;
  counters.bytes_to_host += work.bytes_to_host;
  counters.bytes_on_device += work.bytes_on_device;
}

void CountGraph(size_t nodes) {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  ++state.counters.graphs;
  state.counters.graph_nodes += nodes;
}

void CountHandle(int change) {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  state.live.handles += static_cast<uint64_t>(static_cast<int64_t>(change));
}

size_t BytesOf(MemoryKind kind) {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  size_t bytes = 0;
  for (const auto& [address, size] : state.memory[static_cast<int>(kind)]) bytes += size;
  return bytes;
}

void* AllocateMemory(MemoryKind kind, size_t bytes) {
  void* const memory = std::aligned_alloc(kAlignment, (bytes + kAlignment - 1) & ~(kAlignment - 1));
  if (memory == nullptr) return nullptr;
  std::memset(memory, 0xff, std::min(bytes, kFilledBytes));
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  state.memory[static_cast<int>(kind)][reinterpret_cast<uintptr_t>(memory)] = bytes;
  ++(kind == MemoryKind::kDevice ? state.live.device_allocations : state.live.pinned_allocations);
  return memory;
}

bool FreeMemory(MemoryKind kind, void* memory) {
  State& state = TheState();
  {
    const std::lock_guard lock(state.mutex);
    if (state.memory[static_cast<int>(kind)].erase(reinterpret_cast<uintptr_t>(memory)) == 0) {
      return false;
    }
    --(kind == MemoryKind::kDevice ? state.live.device_allocations : state.live.pinned_allocations);
  }
  std::free(memory);
  return true;
}

bool TouchesDeviceMemory(const void* memory, size_t bytes) {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  const auto& allocations = state.memory[static_cast<int>(MemoryKind::kDevice)];
  const auto begin = reinterpret_cast<uintptr_t>(memory);
  auto after = allocations.upper_bound(begin);
  if (after != allocations.end() && after->first < begin + bytes) return true;
  if (after == allocations.begin()) return false;
  --after;
  return begin < after->first + after->second;
}

int Devices() {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  return state.devices;
}

WorkTime NextStreamsWork() {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  const uint32_t number = state.streams++;
  switch (state.order) {
    case StreamOrder::kAtOnce:
      return WorkTime::kAtOnce;
    case StreamOrder::kThreads:
      return WorkTime::kThread;
    case StreamOrder::kFirstAtOnce:
      return number == 0 ? WorkTime::kAtOnce : WorkTime::kLate;
    case StreamOrder::kSecondAtOnce:
      return number == 1 ? WorkTime::kAtOnce : WorkTime::kLate;
    case StreamOrder::kThirdAtOnce:
      return number == 2 ? WorkTime::kAtOnce : WorkTime::kLate;
    case StreamOrder::kAllLate:
      return WorkTime::kLate;
  }
  CHECK(false, "no order of streams: ", state.order);
}

bool IsDroppedWait() {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  return state.waits_until_drop > 0 && --state.waits_until_drop == 0;
}

Counters ReadCounters() {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  return state.counters;
}

void ResetCounters() {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  state.counters = Counters();
}

void FailCall(const std::string& function, uint64_t nth, int error) {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  state.failing = function;
  state.calls_until_failure = nth;
  state.error = error;
}

bool ClearFailure() {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  const bool pending = state.calls_until_failure > 0;
  state.calls_until_failure = 0;
  return pending;
}

LiveObjects ReadLiveObjects() {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  return state.live;
}

void ForgetLiveObjects() {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  state.live = LiveObjects();
}

void SetDevices(int devices) {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  state.devices = devices;
}

void SetNccl(bool found) {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  state.nccl = found;
}

bool HasNccl() {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  return state.nccl;
}

void SetAsynchronous(bool asynchronous) {
  SetStreamOrder(asynchronous ? StreamOrder::kThreads : StreamOrder::kAtOnce);
}

void SetStreamOrder(StreamOrder order) {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  state.order = order;
  state.streams = 0;
}

void DropWait(uint64_t nth) {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  state.waits_until_drop = nth;
}

}  // namespace chorus::cuda_host
