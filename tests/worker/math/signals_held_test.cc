#include "worker/math/signals_held.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "tests/support/random_floats.h"
#include "worker/math/backend.h"

namespace chorus::worker {
namespace {

// The stack of the thread that multiplies, and what came to it.
std::atomic<uintptr_t> stack_begin = 0, stack_end = 0;
std::atomic<int> signals_seen = 0, signals_astray = 0;

void NoteStack(int) {
  const char here = 0;
  const auto at = reinterpret_cast<uintptr_t>(&here);
  ++signals_seen;
  if (at < stack_begin || at >= stack_end) ++signals_astray;
}

void LearnStack() {
  pthread_attr_t attributes;
  void* begin = nullptr;
  size_t bytes = 0;
  ASSERT_EQ(pthread_getattr_np(pthread_self(), &attributes), 0);
  ASSERT_EQ(pthread_attr_getstack(&attributes, &begin, &bytes), 0);
  pthread_attr_destroy(&attributes);
  stack_end = reinterpret_cast<uintptr_t>(begin) + bytes;
  stack_begin = reinterpret_cast<uintptr_t>(begin);
}

// A handler that ran on the stack which a product of oneDNN makes for itself has written over the
// heap around it.
TEST(SignalsHeldTest, ASignalDuringProductsFindsTheThreadsOwnStack) {
  struct sigaction action = {}, before = {};
  action.sa_handler = NoteStack;
  action.sa_flags = SA_RESTART;
  ASSERT_EQ(sigaction(SIGUSR2, &action, &before), 0);
  std::atomic<bool> done = false;
  std::thread multiplier([&done] {
    LearnStack();
    const auto backend = std::move(NewCpuBackend(ComputeConfig::NATIVE)).value();
    constexpr int64_t kRows = 256, kColumns = 200, kInner = 360;
    const std::vector<float> a = RandomFloats(kRows * kInner, 1, 1.0f);
    const std::vector<float> b = RandomFloats(kInner * kColumns, 2, 1.0f);
    std::vector<float> c(kRows * kColumns);
    while (!done) {
      for (const bool transpose : {false, true}) {
        const MatrixView<const float> left(a.data(), transpose ? kInner : kRows,
                                           transpose ? kRows : kInner, transpose ? kRows : kInner);
        ASSERT_TRUE(backend
                        ->Gemm({.transpose_a = transpose}, left,
                               {b.data(), kInner, kColumns, kColumns},
                               {c.data(), kRows, kColumns, kColumns})
                        .ok());
      }
    }
  });
  while (stack_begin == 0) std::this_thread::yield();
  for (int i = 0; i < 2000; ++i) {
    ASSERT_EQ(pthread_kill(multiplier.native_handle(), SIGUSR2), 0);
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  done = true;
  multiplier.join();
  sigaction(SIGUSR2, &before, nullptr);
  EXPECT_GT(signals_seen, 0);
  EXPECT_EQ(signals_astray, 0);
}

}  // namespace
}  // namespace chorus::worker
