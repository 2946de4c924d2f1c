#pragma once
// Clocks for measurements. Thread safety: pure functions.

#include <sys/resource.h>

#include <algorithm>
#include <chrono>

namespace chorus::perf {

inline double Seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Processor time of all threads of this process.
inline double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// The seconds of the fastest of several runs after one to warm up: the code's speed when its
// neighbours on the machine let it run.
template <typename Work>
double BestSeconds(int repetitions, const Work& work) {
  work();
  double best = 1e9;
  for (int i = 0; i < repetitions; ++i) {
    const double begin = Seconds();
    work();
    best = std::min(best, Seconds() - begin);
  }
  return best;
}

}  // namespace chorus::perf
