#pragma once
// A second stack inside a thread, for device threads that wait at a barrier. Sanitizers hear of
// every switch. Thread safety: a fiber belongs to the thread that made it.

#include <cstddef>
#include <functional>
#include <memory>

#include "tests/support/cuda_host/stack_switch.h"

namespace chorus::cuda_host {

class Fiber {
 public:
  // `work` never returns: it ends every turn with SwitchBack.
  explicit Fiber(std::function<void()> work);
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  void Resume();      // from the thread's own stack: runs the fiber until it switches back
  void SwitchBack();  // from inside the fiber

 private:
  static constexpr size_t kStackBytes = size_t{256} << 10;
  void Enter();

  const std::function<void()> work_;
  char* stack_ = nullptr;
  StackPlace own_place_ = {};
  StackPlace caller_place_ = {};   // of the thread's stack
  void* own_shadow_ = nullptr;     // of AddressSanitizer
  void* caller_shadow_ = nullptr;  // likewise
  const void* caller_stack_ = nullptr;
  size_t caller_stack_bytes_ = 0;
  void* own_race_state_ = nullptr;  // of ThreadSanitizer
  void* caller_race_state_ = nullptr;
};

}  // namespace chorus::cuda_host
