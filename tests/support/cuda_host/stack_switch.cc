#include "tests/support/cuda_host/stack_switch.h"

#if defined(__x86_64__)

// Kernels switch a million times in a test: swapcontext would ask the system for the signal mask at each, which took
// half of the time.
//
// chorus_switch_stack(keep, to): pushes what a function must preserve, keeps the top of this stack in *keep and goes on
// where stack `to` was left. chorus_enter_stack: where a new stack begins, which holds a function and its argument.
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
.type chorus_enter_stack, @function
chorus_enter_stack:
  movq %r12, %rdi
  call *%r13
  ud2
.size chorus_enter_stack, . - chorus_enter_stack
)");
extern "C" {
void chorus_switch_stack(void** keep, void* to);
void chorus_enter_stack();
}

namespace chorus::cuda_host {

void BeginStack(char* stack, size_t bytes, void (*enter)(void*), void* argument,
                StackPlace* place) {
  // As chorus_switch_stack leaves a stack: r15, r14, r13, r12, rbx, rbp and where to go on. Zeros above end backtraces.
  void** const top = reinterpret_cast<void**>(stack + bytes) - 9;
  top[2] = reinterpret_cast<void*>(enter);
  top[3] = argument;
  top[6] = reinterpret_cast<void*>(&chorus_enter_stack);
  *place = top;
}

void SwitchStack(StackPlace* keep, StackPlace* to) { chorus_switch_stack(keep, *to); }

}  // namespace chorus::cuda_host

#else

#include <cstdint>

#include "common/check.h"

namespace chorus::cuda_host {
namespace {

using Enter = void (*)(void*);

// makecontext passes ints.
void Begin(unsigned enter_high, unsigned enter_low, unsigned argument_high, unsigned argument_low) {
  const auto enter = reinterpret_cast<Enter>(uintptr_t{enter_high} << 32 | enter_low);
  enter(reinterpret_cast<void*>(uintptr_t{argument_high} << 32 | argument_low));
}

}  // namespace

void BeginStack(char* stack, size_t bytes, void (*enter)(void*), void* argument,
                StackPlace* place) {
  CHECK(getcontext(place) == 0);
  place->uc_stack.ss_sp = stack;
  place->uc_stack.ss_size = bytes;
  place->uc_link = nullptr;
  const auto function = reinterpret_cast<uintptr_t>(enter);
  const auto value = reinterpret_cast<uintptr_t>(argument);
  makecontext(place, reinterpret_cast<void (*)()>(&Begin), 4, static_cast<unsigned>(function >> 32),
              static_cast<unsigned>(function), static_cast<unsigned>(value >> 32),
              static_cast<unsigned>(value));
}

void SwitchStack(StackPlace* keep, StackPlace* to) { CHECK(swapcontext(keep, to) == 0); }

}  // namespace chorus::cuda_host

#endif
