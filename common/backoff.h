#pragma once
// Waits for something that can only be polled, without taking the core from the thread that is to
// bring it: Pause yields for the first tenth of a millisecond, then sleeps, a little longer each
// time.
// Thread safety: one thread.

#include <sched.h>

#include <algorithm>
#include <chrono>
#include <thread>

namespace chorus {

class Backoff {
 public:
  // Call after each poll that found nothing.
  void Pause() {
    if (std::chrono::steady_clock::now() - start_ < std::chrono::microseconds(100)) {
      sched_yield();
      return;
    }
    std::this_thread::sleep_for(sleep_);
    sleep_ = std::min(sleep_ * 3 / 2, kLongestSleep);
  }

 private:
  static constexpr std::chrono::nanoseconds kLongestSleep{1'000'000};
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::chrono::nanoseconds sleep_{20'000};
};

}  // namespace chorus
