#pragma once
// What losses are made of (METHODS 1.1): cross entropies of one logit and of a product of two
// sigmoids, with exact gradients, and clipped inverse propensities. No subtraction of near-equal
// numbers: values keep their relative accuracy for |logit| <= 60 and beyond, in float and double.
// Compiled by g++ and nvcc. Thread safety: pure functions.

#include "common/device_math.h"

namespace chorus::worker {

// Cross entropy of a Bernoulli logit z with label y:  sp(z) - y z = y sp(-z) + (1 - y) sp(z).
template <typename T>
CHORUS_HD inline T CrossEntropy(T z, bool y) {
  return Softplus(y ? -z : z);
}
// d/dz = sigma(z) - y.
template <typename T>
CHORUS_HD inline T CrossEntropySlope(T z, bool y) {
  return y ? -Sigmoid(-z) : Sigmoid(z);
}

// The same with the soft label 1 - sigma(other), which is a constant (stop-gradient).
template <typename T>
CHORUS_HD inline T ComplementCrossEntropy(T z, T other) {
  return Sigmoid(-other) * Softplus(-z) + Sigmoid(other) * Softplus(z);
}
// d/dz = sigma(z) - (1 - sigma(other)).
template <typename T>
CHORUS_HD inline T ComplementCrossEntropySlope(T z, T other) {
  return Sigmoid(z) - Sigmoid(-other);
}

template <typename T>
struct ProductLoss {
  T value;
  T da;
  T db;
};

// Cross entropy of p = sigma(a) sigma(b) with label y:  -[y L + (1 - y) log(1 - e^L)],  L = log p.
// (1 - sigma(a)) / (1 - p) = sigma(sp(b) - a) makes the gradients of the second part.
template <typename T>
CHORUS_HD inline ProductLoss<T> ProductCrossEntropy(T a, T b, bool y) {
  const T log_p = -Softplus(-a) - Softplus(-b);
  if (y) return {-log_p, -Sigmoid(-a), -Sigmoid(-b)};
  const T p = Exp(log_p);
  // Where p rounds to 1 (and log p in float to 0): 1 - p = e^-a + e^-b, but for a relative e^-a.
  const T value =
      log_p > T(-1e-30) ? Min(a, b) - Log1p(Exp(a < b ? a - b : b - a)) : -Log1mExp(log_p);
  return {value, p * Sigmoid(Softplus(b) - a), p * Sigmoid(Softplus(a) - b)};
}

// A factor on a row's loss that may depend on a logit: slope = d value / d z[head].
template <typename T>
struct RowWeight {
  T value = T(1);
  T slope = T(0);
  int head = 0;
};

// min(1 / sigma(z), 1 / floor) = min(1 + e^-z, 1 / floor); a constant if detach.
template <typename T>
CHORUS_HD inline RowWeight<T> InversePropensity(T z, int head, double floor, bool detach) {
  const T most = static_cast<T>(1.0 / floor);
  const T odds_against = Exp(-z);
  if (!(T(1) + odds_against < most)) return {most, T(0), head};
  return {T(1) + odds_against, detach ? T(0) : -odds_against, head};
}

// min(1 / (1 - sigma(z)), 1 / floor) = min(1 + e^z, 1 / floor); a constant if detach.
template <typename T>
CHORUS_HD inline RowWeight<T> InverseComplement(T z, int head, double floor, bool detach) {
  const RowWeight<T> of_minus_z = InversePropensity(-z, head, floor, detach);
  return {of_minus_z.value, -of_minus_z.slope, head};
}

}  // namespace chorus::worker
