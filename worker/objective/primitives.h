#pragma once
// The parts of losses: cross entropies of one logit and of a product of two sigmoids, with exact
// gradients, and clipped inverse propensities. They do not subtract nearly equal numbers, so that
// values keep their relative accuracy for |logit| <= 60 and beyond, in float and double. Compiled
// by g++ and nvcc. Thread safety: pure functions.

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

// sigma(z) (1 - sigma(z)), d sigma(z) / dz.
template <typename T>
CHORUS_HD inline T SigmoidSlope(T z) {
  return Sigmoid(z) * Sigmoid(-z);
}

// sigma(z) - sigma(q) = sigma(z) sigma(-q) (1 - e^(q - z)): keeps its digits, and its sign is that
// of z - q.
template <typename T>
CHORUS_HD inline T SigmoidDifference(T z, T q) {
  return z >= q ? -Sigmoid(z) * Sigmoid(-q) * Expm1(q - z)
                : Sigmoid(q) * Sigmoid(-z) * Expm1(z - q);
}

// Cross entropy with the soft label sigma(label), which is a constant (stop-gradient).
template <typename T>
CHORUS_HD inline T SoftCrossEntropy(T z, T label) {
  return Sigmoid(label) * Softplus(-z) + Sigmoid(-label) * Softplus(z);
}
// d/dz = sigma(z) - sigma(label).
template <typename T>
CHORUS_HD inline T SoftCrossEntropySlope(T z, T label) {
  return SigmoidDifference(z, label);
}

// Entropy of a Bernoulli logit, sp(z) - sigma(z) z. It is even in z, and for -|z| both parts are
// positive, so that nothing cancels.
template <typename T>
CHORUS_HD inline T BernoulliEntropy(T z) {
  const T size = z < T(0) ? -z : z;
  return Softplus(-size) + Sigmoid(-size) * size;
}
// d/dz = -z sigma(z) sigma(-z).
template <typename T>
CHORUS_HD inline T BernoulliEntropySlope(T z) {
  return -z * SigmoidSlope(z);
}

// KL(z || q) of two Bernoulli logits: sigma(z) (z - q) - sp(z) + sp(q). This sum cancels for large
// positive logits and for nearly equal ones. KL(z || q) = KL(-z || -q) avoids the first case. In
// the second, sp(q) - sp(z) = log1p(sigma(z) (e^(q - z) - 1)) leaves a relative error of about
// 1e-16 / |q - z|.
CHORUS_HD inline double KullbackLeibler(double z, double q) {
  if (z > 0) {
    z = -z;
    q = -q;
  }
  const double step = q - z;
  const double p = Sigmoid(z);
  if (step > 1 || step < -1) return (Softplus(q) - Softplus(z)) - p * step;
  return Max(Log1p(p * Expm1(step)) - p * step, 0.0);
}
CHORUS_HD inline float KullbackLeibler(float z, float q) {
  return static_cast<float>(KullbackLeibler(static_cast<double>(z), static_cast<double>(q)));
}
// d/dz = sigma(z) sigma(-z) (z - q);  d/dq is SigmoidDifference(q, z).
template <typename T>
CHORUS_HD inline T KullbackLeiblerSlope(T z, T q) {
  return SigmoidSlope(z) * (z - q);
}

template <typename T>
struct ProductLoss {
  T value;
  T da;
  T db;
};

// Cross entropy of p = sigma(a) sigma(b) with label y:  -[y L + (1 - y) log(1 - e^L)],  L = log p.
// The gradients of the second part follow from (1 - sigma(a)) / (1 - p) = sigma(sp(b) - a).
template <typename T>
CHORUS_HD inline ProductLoss<T> ProductCrossEntropy(T a, T b, bool y) {
  const T log_p = -Softplus(-a) - Softplus(-b);
  if (y) return {-log_p, -Sigmoid(-a), -Sigmoid(-b)};
  const T p = Exp(log_p);
  // Where p rounds to 1 (and log p, in float, to 0), 1 - p = e^-a + e^-b up to a relative e^-a.
  const T value =
      log_p > T(-1e-30) ? Min(a, b) - Log1p(Exp(a < b ? a - b : b - a)) : -Log1mExp(log_p);
  return {value, p * Sigmoid(Softplus(b) - a), p * Sigmoid(Softplus(a) - b)};
}

// A factor on a row's loss, which may depend on one logit: slope = d value / d z[head].
template <typename T>
struct RowWeight {
  T value = T(1);
  T slope = T(0);
  int head = 0;
};

// min(1 / sigma(z), 1 / floor) = min(1 + e^-z, 1 / floor). With `detach` it is a constant: the
// slope is 0.
template <typename T>
CHORUS_HD inline RowWeight<T> InversePropensity(T z, int head, double floor, bool detach) {
  const T most = static_cast<T>(1.0 / floor);
  const T odds_against = Exp(-z);
  if (!(T(1) + odds_against < most)) return {most, T(0), head};
  return {T(1) + odds_against, detach ? T(0) : -odds_against, head};
}

// min(1 / (1 - sigma(z)), 1 / floor) = min(1 + e^z, 1 / floor), and `detach` as above.
template <typename T>
CHORUS_HD inline RowWeight<T> InverseComplement(T z, int head, double floor, bool detach) {
  const RowWeight<T> of_minus_z = InversePropensity(-z, head, floor, detach);
  return {of_minus_z.value, -of_minus_z.slope, head};
}

}  // namespace chorus::worker
