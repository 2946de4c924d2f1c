#pragma once
// Switches from one stack of a thread to another, in the manner of a function call. The
// floating-point mode is the thread's, on any of its stacks. Thread safety: a stack belongs to one
// thread.

#include <cstddef>

#if !defined(__x86_64__)
#include <ucontext.h>
#endif

namespace chorus::cuda_host {

// Where a stack was left.
#if defined(__x86_64__)
using StackPlace = void*;
#else
using StackPlace = ucontext_t;
#endif

// The place of a new stack whose first switch calls enter(argument), which must not return.
void BeginStack(char* stack, size_t bytes, void (*enter)(void*), void* argument, StackPlace* place);
// Goes on where `to` was left; returns when somebody goes on at *keep.
void SwitchStack(StackPlace* keep, StackPlace* to);

}  // namespace chorus::cuda_host
