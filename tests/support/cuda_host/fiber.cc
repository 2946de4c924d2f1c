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

// Kernels switch a million times in a test: swapcontext would ask the system for the signal mask at each, which took
// half of the time.
//
// chorus_switch_stack(keep, to): pushes what a function must preserve, keeps the top of this stack in *keep and goes on
// where stack `to` was left. chorus_enter_fiber: where a new stack begins, which holds a function and its argument.
asm(R"(
.text
.p2align 4
.type chorus_switch_stack, @function
chorus_switch_stack:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size chorus_switch_stack, . - chorus_switch_stack
.p2align 4
.type chorus_enter_fiber, @function
chorus_enter_fiber:
  movq %r12, %rdi
  call *%r13
  ud2
.size chorus_enter_fiber, . - chorus_enter_fiber
)");
extern "C" {
void chorus_switch_stack(void** keep, void* to);
void chorus_enter_fiber();
}

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
  // As chorus_switch_stack leaves a stack: r15, r14, r13, r12, rbx, rbp and where to go on. Zeros above end backtraces.
  void** const top = reinterpret_cast<void**>(stack_ + kStackBytes) - 9;
  top[2] = reinterpret_cast<void*>(&Fiber::Enter);
  top[3] = this;
  top[6] = reinterpret_cast<void*>(&chorus_enter_fiber);
  own_top_ = top;
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

void Fiber::Enter(Fiber* self) {
  AfterSwitch(nullptr, &self->caller_stack_, &self->caller_stack_bytes_);
  self->work_();
  CHECK(false, "a fiber's work returned");
}

void Fiber::Resume() {
#if defined(__SANITIZE_THREAD__)
  caller_race_state_ = __tsan_get_current_fiber();
#endif
  BeforeSwitch(&caller_shadow_, stack_, kStackBytes, own_race_state_);
  chorus_switch_stack(&caller_top_, own_top_);
  AfterSwitch(caller_shadow_, nullptr, nullptr);
}

void Fiber::SwitchBack() {
  BeforeSwitch(&own_shadow_, caller_stack_, caller_stack_bytes_, caller_race_state_);
  chorus_switch_stack(&own_top_, caller_top_);
  AfterSwitch(own_shadow_, &caller_stack_, &caller_stack_bytes_);
}

}  // namespace chorus::cuda_host
