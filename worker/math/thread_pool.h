#pragma once
// A fixed set of compute threads. Work is a range of indices, handed out one by one to whoever is
// free: which thread computes an index is open, so results must not depend on it (grains do not).
// Thread safety: one ParallelFor at a time, from one thread.

#include <cstdint>
#include <functional>
#include <memory>

#include "common/status.h"

namespace chorus::worker {

class ThreadPool {
 public:
  virtual ~ThreadPool() = default;  // joins the threads

  // `threads` counts the caller of ParallelFor, which works too: one thread means no thread is
  // started and everything runs inline. 0 = as many as this process may use cores. Started threads
  // are called "compute 1", "compute 2", ..., hold the floating-point mode and run OpenMP libraries
  // with one thread; the caller gets the same two settings at each ParallelFor.
  static std::unique_ptr<ThreadPool> Create(uint32_t threads);
  virtual uint32_t threads() const = 0;

  // Calls work(index, thread) for every index in [0, n), thread in [0, threads()), and returns when
  // all calls have returned. Every index runs even if one fails; the error of the lowest failed
  // index is returned. An exception counts as kInternal. Waits block, they do not spin.
  using Work = std::function<Status(uint32_t index, uint32_t thread)>;
  virtual Status ParallelFor(uint32_t n, const Work& work) = 0;
};

}  // namespace chorus::worker
