#pragma once
// ParallelFor calls f(0) .. f(count - 1), each once, on up to `threads` threads, of which the
// caller's is one, and returns when all calls are done. Which thread makes which call is left to
// chance: a call must write only to what belongs to its own index. An exception of f (memory is
// used up) reaches the caller once all threads have ended; calls that were not made by then are
// left out.
// Thread safety: any thread.

#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace chorus {

template <typename F>
void ParallelFor(uint64_t count, uint32_t threads, F&& f) {
  std::atomic<uint64_t> next{0};
  std::exception_ptr failure;
  std::once_flag failed;
  const auto work = [&]() noexcept {
    try {
      for (uint64_t i = next++; i < count; i = next++) f(i);
    } catch (...) {
      next = count;
      std::call_once(failed, [&] { failure = std::current_exception(); });
    }
  };
  std::vector<std::jthread> helpers;
  for (uint32_t t = 1; t < threads && t < count; ++t) {
    try {
      helpers.emplace_back(work);
    } catch (const std::system_error&) {
      break;  // no more threads to be had: fewer do the same work
    }
  }
  work();
  for (std::jthread& helper : helpers) helper.join();
  if (failure != nullptr) std::rethrow_exception(failure);
}

}  // namespace chorus
