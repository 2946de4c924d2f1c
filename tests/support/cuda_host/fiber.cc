#include "tests/support/cuda_host/fiber.h"

#include <sys/mman.h>

#include <utility>

#include "common/check.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace chorus::cuda_host {
namespace {

// What a sanitizer must hear before control moves to another stack, and after it has moved.
void BeforeSwitch([[maybe_unused]] void** shadow, [[maybe_unused]] const void* stack,
                  [[maybe_unused]] size_t bytes, [[maybe_unused]] void* race_state) {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(shadow, stack, bytes);
#endif
#if defined(__SANITIZE_THREAD__)
  __tsan_switch_to_fiber(race_state, 0);
#endif
}

void AfterSwitch([[maybe_unused]] void* shadow, [[maybe_unused]] const void** from,
                 [[maybe_unused]] size_t* bytes) {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(shadow, from, bytes);
#endif
}

}  // namespace

Fiber::Fiber(std::function<void()> work) : work_(std::move(work)) {
  // Reserved only: pages come with their first use.
  void* const stack = mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  CHECK(stack != MAP_FAILED, "no memory for a fiber's stack");
  stack_ = static_cast<char*>(stack);
  BeginStack(
      stack_, kStackBytes, [](void* self) { static_cast<Fiber*>(self)->Enter(); }, this,
      &own_place_);
#if defined(__SANITIZE_THREAD__)
  own_race_state_ = __tsan_create_fiber(0);
#endif
}

Fiber::~Fiber() {
#if defined(__SANITIZE_THREAD__)
  __tsan_destroy_fiber(own_race_state_);
#endif
  munmap(stack_, kStackBytes);
}

void Fiber::Enter() {
  AfterSwitch(nullptr, &caller_stack_, &caller_stack_bytes_);
  work_();
  CHECK(false, "a fiber's work returned");
}

void Fiber::Resume() {
#if defined(__SANITIZE_THREAD__)
  caller_race_state_ = __tsan_get_current_fiber();
#endif
  BeforeSwitch(&caller_shadow_, stack_, kStackBytes, own_race_state_);
  SwitchStack(&caller_place_, &own_place_);
  AfterSwitch(caller_shadow_, nullptr, nullptr);
}

void Fiber::SwitchBack() {
  BeforeSwitch(&own_shadow_, caller_stack_, caller_stack_bytes_, caller_race_state_);
  SwitchStack(&own_place_, &caller_place_);
  AfterSwitch(own_shadow_, &caller_stack_, &caller_stack_bytes_);
}

}  // namespace chorus::cuda_host
