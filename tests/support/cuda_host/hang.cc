#include "tests/support/cuda_host/hang.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <mutex>

#include "tests/support/cuda_host/emulation.h"

namespace chorus::cuda_host {
namespace {

constexpr int kNone = -1;

struct State {
  std::mutex mutex;  // guards the next two
  int device = kNone;
  uint64_t launches_left = 0;           // until the one that hangs
  std::atomic<int> hung_device{kNone};  // kNone again: released

  State() {
    const char* const text = std::getenv("CHORUS_CUDA_HOST_HANG");
    unsigned long long nth = 0;
    if (text != nullptr && std::sscanf(text, "%d:%llu", &device, &nth) == 2) launches_left = nth;
  }
};

// Never destroyed: streams may outlive static objects.
State& TheState() {
  static State* const state = new State();
  return *state;
}

thread_local int current_device = 0;

}  // namespace

void HangKernel(int device, uint64_t nth) {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  state.device = device;
  state.launches_left = nth;
}

void ReleaseKernel() {
  State& state = TheState();
  state.hung_device = kNone;
  state.hung_device.notify_all();
}

void SetCurrentDevice(int device) { current_device = device; }

void LaunchedKernel(cudaStream_t stream) {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  if (state.device != current_device || state.launches_left == 0) return;
  if (--state.launches_left > 0) return;
  state.hung_device = current_device;
  stream->Enqueue([&state, device = current_device] { state.hung_device.wait(device); });
}

void WaitForHungKernel() { TheState().hung_device.wait(current_device); }

}  // namespace chorus::cuda_host
