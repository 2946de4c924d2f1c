#pragma once
// Runs the threads of one block after the other on one host thread. A device thread that reaches a
// barrier is set aside on its fiber until the others have come; kernels without barriers never
// switch. Barriers that some threads of a block or warp do not reach are an error that ends the
// process: on a device they hang or compute nonsense. Thread safety: one runner per host thread.

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "tests/support/cuda_host/fiber.h"

namespace chorus::cuda_host {

constexpr uint32_t kWarpLanes = 32;

class BlockRunner {
 public:
  static BlockRunner& OfThisThread();

  // Calls body() once for each of `threads` device threads; set_thread(t) is called before a thread
  // runs or goes on. Shared memory holds NaNs at first.
  void Run(uint32_t threads, size_t shared_bytes, const std::function<void()>& body,
           const std::function<void(uint32_t thread)>& set_thread);

  // From inside body():
  void BlockBarrier();
  void WarpBarrier(uint32_t mask);  // of the lanes in `mask`, all of which must come
  uint32_t lane() const { return current_ % kWarpLanes; }
  uint64_t* warp_slots() { return &slots_[current_ / kWarpLanes * kWarpLanes]; }  // [32]
  void* dynamic_shared() { return shared_; }

 private:
  enum class State : uint8_t { kFresh, kRunning, kAtBlockBarrier, kAtWarpBarrier, kDone };
  struct Thread {
    State state = State::kFresh;
    uint32_t mask = 0;  // of the warp barrier
    Fiber* fiber = nullptr;
  };

  void RunFreshThreads();  // on a fiber, until none is left
  void Suspend();
  void Release(uint32_t thread);
  void ReleaseBlockIfComplete();
  bool WarpComplete(uint32_t warp, uint32_t mask) const;
  void SetCurrent(uint32_t thread);
  Fiber* TakeFiber();
  [[noreturn]] void DieOfDivergence() const;

  std::vector<std::unique_ptr<Fiber>> fibers_;
  std::vector<Fiber*> idle_;
  std::vector<Thread> threads_;
  std::deque<uint32_t> ready_;             // released from a barrier, in order
  std::vector<uint64_t> slots_;            // [warps * 32], what lanes exchange
  std::vector<uint32_t> at_warp_barrier_;  // [warps], lanes that wait
  std::vector<uint64_t> shared_memory_;
  void* shared_ = nullptr;
  const std::function<void()>* body_ = nullptr;
  const std::function<void(uint32_t)>* set_thread_ = nullptr;
  Fiber* running_ = nullptr;
  uint32_t count_ = 0;
  uint32_t fresh_ = 0;  // the first thread that has not started
  uint32_t done_ = 0;
  uint32_t at_block_barrier_ = 0;
  uint32_t current_ = 0;
};

}  // namespace chorus::cuda_host
