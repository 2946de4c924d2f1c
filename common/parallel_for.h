#pragma once
// Calls f(0) .. f(count - 1), each once, on up to `threads` threads, the caller's among them;
// returns when all are done. Which thread makes which call is chance: f writes to its own index
// only. REQUIRES: f does not throw.

#include <atomic>
#include <cstdint>
#include <system_error>
#include <thread>
#include <vector>

namespace chorus {

template <typename F>
void ParallelFor(uint64_t count, uint32_t threads, F&& f) {
  std::atomic<uint64_t> next{0};
  const auto work = [&]() noexcept {
    for (uint64_t i = next++; i < count; i = next++) f(i);
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
}

}  // namespace chorus
