#include "worker/synthetic/zipf.h"

#include "common/check.h"
#include "common/device_math.h"
#include "common/random.h"

namespace chorus::worker {

Zipf::Zipf(uint64_t n, double exponent) : n_(static_cast<double>(n)), exponent_(exponent) {
  CHECK(n >= 1 && exponent > 0 && exponent != 1, "n=", n, " exponent=", exponent);
  low_ = Integral(1.5) - 1.0;
  high_ = Integral(n_ + 0.5);
  shortcut_ = 2.0 - InverseIntegral(Integral(2.5) - Density(2.0));
}

double Zipf::Density(double x) const { return Exp(-exponent_ * Log(x)); }

double Zipf::Integral(double x) const { return Exp((1 - exponent_) * Log(x)) / (1 - exponent_); }

double Zipf::InverseIntegral(double y) const {
  return Exp(Log(y * (1 - exponent_)) / (1 - exponent_));
}

uint64_t Zipf::Draw(uint64_t seed) const {
  // A uniform point under the integral gives x; its rounding k is kept with the chance that the
  // histogram of the law has of the hat over [k - 1/2, k + 1/2]. More than 3 of 4 points are kept.
  for (uint64_t attempt = 0;; ++attempt) {
    const double u = ToOpenUniform(Mix(seed + attempt * 0x9e3779b97f4a7c15ULL));
    const double y = high_ + u * (low_ - high_);
    const double x = InverseIntegral(y);
    double k = static_cast<double>(static_cast<uint64_t>(x + 0.5));
    k = Min(Max(k, 1.0), n_);
    if (k - x <= shortcut_ || y >= Integral(k + 0.5) - Density(k)) {
      return static_cast<uint64_t>(k) - 1;
    }
  }
}

}  // namespace chorus::worker
