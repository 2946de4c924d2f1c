#include "launch/compare/time_left.h"

#include "common/progress.h"

namespace chorus::launch {

void TimeLeft::Measure(const std::string& method, double seconds) {
  ++methods_[method].finished;
  methods_[method].seconds += seconds;
}

void TimeLeft::Finish(const std::string& method, double seconds) {
  --methods_[method].planned;
  Measure(method, seconds);
}

std::string TimeLeft::Text() const {
  double seconds_of_all = 0;
  size_t finished = 0;
  for (const auto& [name, method] : methods_) {
    seconds_of_all += method.seconds;
    finished += method.finished;
  }
  if (finished == 0) return "";
  double left = 0;
  for (const auto& [name, method] : methods_) {
    const double mean = method.finished > 0 ? method.seconds / static_cast<double>(method.finished)
                                            : seconds_of_all / static_cast<double>(finished);
    left += mean * static_cast<double>(method.planned);
  }
  return left < 0.5 ? "" : ShortTime(left);
}

}  // namespace chorus::launch
