#pragma once
// A fixed set of compute threads. Work is a range of indices, which free threads take one by one.
// Which thread computes an index is not determined, so results must not depend on it (those of
// grains do not). Thread safety: one ParallelFor at a time, from one thread.

#include <cstdint>
#include <functional>
#include <memory>

#include "common/status.h"

namespace chorus::worker {

class ThreadPool {
 public:
  virtual ~ThreadPool() = default;  // joins the threads

  // `threads` includes the caller of ParallelFor, which works too: with 1, no thread is started and
  // everything runs inline. 0 means as many threads as there are cores that this process may use.
  // Started threads are named "compute 1", "compute 2", ...; they have the mode of
  // floating_point_mode.h and run OpenMP libraries with one thread. ParallelFor gives its caller
  // the same two settings. Error: kResourceExhausted, the system does not give this many threads.
  static Result<std::unique_ptr<ThreadPool>> Create(uint32_t threads);
  virtual uint32_t threads() const = 0;

  // Calls work(index, thread) for every index in [0, n), thread in [0, threads()), and returns when
  // all calls have returned. Every index runs even if one fails; the error of the lowest failed
  // index is returned. An exception becomes kInternal. Waiting threads block, they do not spin.
  using Work = std::function<Status(uint32_t index, uint32_t thread)>;
  virtual Status ParallelFor(uint32_t n, const Work& work) = 0;
};

}  // namespace chorus::worker
