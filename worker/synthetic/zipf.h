#pragma once
// Draws ranks by Zipf's law, P(rank k) ~ (k + 1)^-exponent for k in [0, n), by rejection-inversion
// (Hoermann & Derflinger 1996), which needs no table. It uses exp and log of common/device_math.h,
// so that a draw has the same bits on every CPU. A draw is a function of its seed. Thread safety:
// read-only after construction.

#include <cstdint>

namespace chorus::worker {

class Zipf {
 public:
  // REQUIRES: n >= 1, exponent > 0, exponent != 1.
  Zipf(uint64_t n, double exponent);
  uint64_t Draw(uint64_t seed) const;

 private:
  double Integral(double x) const;  // of t^-exponent, up to a constant
  double InverseIntegral(double y) const;
  double Density(double x) const;  // x^-exponent

  double n_;
  double exponent_;
  double low_;   // Integral(1.5) - 1
  double high_;  // Integral(n + 0.5)
  double shortcut_;
};

}  // namespace chorus::worker
