#include "tests/support/cuda_host/hang.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <mutex>

#include "tests/support/cuda_host/emulation.h"

namespace chorus::cuda_host {
namespace {

constexpr int kNone = -1;

struct HangState {
  std::mutex mutex;  // guards the next two
  int device = kNone;
  uint64_t launches_left = 0;           // until the one that hangs
  std::atomic<int> hung_device{kNone};  // kNone again: released

  HangState() {
    const char* const text = std::getenv("CHORUS_CUDA_HOST_HANG");
    unsigned long long nth = 0;
    if (text != nullptr && std::sscanf(text, "%d:%llu", &device, &nth) == 2) launches_left = nth;
  }
};

// Never destroyed: streams may outlive static objects.
HangState& TheHangState() {
  static HangState* const state = new HangState();
  return *state;
}

thread_local int current_device = 0;

}  // namespace

void HangKernel(int device, uint64_t nth) {
  HangState& state = TheHangState();
  const std::lock_guard lock(state.mutex);
  state.device = device;
  state.launches_left = nth;
}

void ReleaseKernel() {
  HangState& state = TheHangState();
  state.hung_device = kNone;
  state.hung_device.notify_all();
}

void SetCurrentDevice(int device) { current_device = device; }

void LaunchedKernel(cudaStream_t stream) {
  HangState& state = TheHangState();
  const std::lock_guard lock(state.mutex);
  if (state.device != current_device || state.launches_left == 0) return;
  if (--state.launches_left > 0) return;
  state.hung_device = current_device;
  stream->Enqueue([&state, device = current_device] { state.hung_device.wait(device); });
}

void WaitForHungKernel() { TheHangState().hung_device.wait(current_device); }

}  // namespace chorus::cuda_host
