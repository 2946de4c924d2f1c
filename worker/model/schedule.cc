#include "worker/model/schedule.h"

#include <algorithm>

namespace chorus::worker {
namespace {

// cos(pi p) for p in [0, 1], Taylor on [0, pi/2] (|error| < 1e-15), mirrored beyond.
double CosinePi(double p) {
  if (p > 0.5) return -CosinePi(1.0 - p);
  const double x = p * 3.14159265358979323846;
  const double square = x * x;
  double term = 1.0;
  double sum = 1.0;
  for (int k = 1; k <= 12; ++k) {
    term *= -square / static_cast<double>((2 * k - 1) * (2 * k));
    sum += term;
  }
  return sum;
}

}  // namespace

float ScheduleFactor(const ScheduleConfig& config, uint64_t step, uint64_t planned_steps) {
  const uint64_t warmup = config.warmup_steps();
  if (step <= warmup)
    return static_cast<float>(static_cast<double>(step) / static_cast<double>(warmup));
  const bool decays =
      config.decay() == ScheduleConfig::LINEAR || config.decay() == ScheduleConfig::COSINE;
  if (!decays) return 1.0f;
  uint64_t length = config.decay_steps();
  if (length == 0) length = planned_steps > warmup ? planned_steps - warmup : 1;
  const double p = std::min(1.0, static_cast<double>(step - warmup) / static_cast<double>(length));
  const double rest = 1.0 - config.final_factor();
  if (config.decay() == ScheduleConfig::LINEAR) return static_cast<float>(1.0 - rest * p);
  return static_cast<float>(config.final_factor() + rest * 0.5 * (1.0 + CosinePi(p)));
}

}  // namespace chorus::worker
