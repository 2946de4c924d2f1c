#pragma once
// Times of parts of a calibration. Thread safety: none.

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

namespace chorus::launch {

class Stopwatch {
 public:
  double Lap() {
    const std::chrono::steady_clock::time_point now = std::chrono::steady_clock::now();
    return std::chrono::duration<double>(now - std::exchange(last_, now)).count();
  }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

// The time that a part takes when nothing else runs: one tenth of the measured times are shorter.
// REQUIRES: there is a value.
inline double TypicalOf(std::vector<double> values) {
  const auto tenth = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 10);
  std::nth_element(values.begin(), tenth, values.end());
  return *tenth;
}

}  // namespace chorus::launch
