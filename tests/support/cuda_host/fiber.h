#pragma once
// A second stack inside a thread, for device threads that wait at a barrier. Sanitizers are told of
// every switch. The floating-point mode is the thread's, on any of its stacks. Thread safety: a fiber belongs to the
// thread that made it.

#include <cstddef>
#include <functional>
#include <memory>

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
  static void Enter(Fiber* self);

  const std::function<void()> work_;
  char* stack_ = nullptr;
  void* own_top_ = nullptr;        // of this stack while another one is used: saved registers
  void* caller_top_ = nullptr;     // of the thread's stack while this one is used
  void* own_shadow_ = nullptr;     // of AddressSanitizer
  void* caller_shadow_ = nullptr;  // likewise
  const void* caller_stack_ = nullptr;
  size_t caller_stack_bytes_ = 0;
  void* own_race_state_ = nullptr;  // of ThreadSanitizer
  void* caller_race_state_ = nullptr;
};

}  // namespace chorus::cuda_host
