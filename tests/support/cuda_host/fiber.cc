#include "tests/support/cuda_host/fiber.h"

#include <sys/mman.h>

#include <cstdint>
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
  CHECK(getcontext(&own_) == 0);
  own_.uc_stack.ss_sp = stack_;
  own_.uc_stack.ss_size = kStackBytes;
  own_.uc_link = nullptr;
  // makecontext passes ints.
  const auto self = reinterpret_cast<uintptr_t>(this);
  makecontext(&own_, reinterpret_cast<void (*)()>(&Fiber::Enter), 2,
              static_cast<unsigned>(self >> 32), static_cast<unsigned>(self));
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

void Fiber::Enter(unsigned high, unsigned low) {
  auto* const self = reinterpret_cast<Fiber*>(uintptr_t{high} << 32 | low);
  AfterSwitch(nullptr, &self->caller_stack_, &self->caller_stack_bytes_);
  self->work_();
  CHECK(false, "a fiber's work returned");
}

void Fiber::Resume() {
#if defined(__SANITIZE_THREAD__)
  caller_race_state_ = __tsan_get_current_fiber();
#endif
  BeforeSwitch(&caller_shadow_, stack_, kStackBytes, own_race_state_);
  CHECK(swapcontext(&caller_, &own_) == 0);
  AfterSwitch(caller_shadow_, nullptr, nullptr);
}

void Fiber::SwitchBack() {
  BeforeSwitch(&own_shadow_, caller_stack_, caller_stack_bytes_, caller_race_state_);
  CHECK(swapcontext(&own_, &caller_) == 0);
  AfterSwitch(own_shadow_, &caller_stack_, &caller_stack_bytes_);
}

}  // namespace chorus::cuda_host
