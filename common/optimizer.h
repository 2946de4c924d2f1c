#pragma once
// Optimizers as element functors: what one gradient does to one weight and its state. A server's
// row and a dense weight go through the same code, and g++ and nvcc both compile it. Everything is
// float with plain operations (no contraction), sqrt is IEEE's, so that the same input gives the
// same bits everywhere.
//
// `lr` is always the configured rate times the schedule's factor of the step. eps is outside of the
// square root in all of them. A rule has kStates floats of state per weight: `first`, or `first`
// and then `second`, arrays of the weights' shape.
// Thread safety: values.

#include <cmath>
#include <cstdint>

#include "common/device_math.h"

namespace chorus {

// w -= lr g
struct SgdRule {
  static constexpr int kStates = 0;
  float lr = 0;
  CHORUS_HD void operator()(float g, float& w) const { w -= lr * g; }
};

// Duchi et al. 2011: s += g^2; w -= lr g / (sqrt(s) + eps)
struct AdagradRule {
  static constexpr int kStates = 1;
  float lr = 0;
  float eps = 0;
  CHORUS_HD void operator()(float g, float& w, float& s) const {
    s += g * g;
    w -= lr * g / (sqrtf(s) + eps);
  }
};

// One accumulator per row: s += mean(g^2); w -= lr g / (sqrt(s) + eps). Call Scale once per row,
// then Apply for each element.
struct RowwiseAdagradRule {
  float lr = 0;
  float eps = 0;
  // sum_of_squares: of the row's gradient, summed in order of the elements.
  CHORUS_HD float Scale(float sum_of_squares, int dim, float& s) const {
    s += sum_of_squares / static_cast<float>(dim);
    return lr / (sqrtf(s) + eps);
  }
  CHORUS_HD static void Apply(float scale, float g, float& w) { w -= scale * g; }
};

// 1 - beta^t for t >= 1, computed in double without cancellation.
CHORUS_HD inline double AdamCorrection(double beta, uint64_t t) {
  return -Expm1(static_cast<double>(t) * Log(beta));
}

// Kingma & Ba 2015, algorithm 1: m = b1 m + (1-b1) g; v = b2 v + (1-b2) g^2;
//   w -= lr (m / (1-b1^t)) / (sqrt(v / (1-b2^t)) + eps)
// A rule holds for one t: on a server t is the number of the row's own updates, for dense weights
// the number of the step.
struct AdamRule {
  static constexpr int kStates = 2;
  float beta1 = 0, one_minus_beta1 = 0;
  float beta2 = 0, one_minus_beta2 = 0;
  float eps = 0;
  float step_size = 0;        // lr / (1 - b1^t)
  float root_correction = 0;  // 1 / sqrt(1 - b2^t)
  float decay = 0;            // lr * weight decay, decoupled; 0 but for AdamW
  CHORUS_HD void operator()(float g, float& w, float& m, float& v) const {
    m = beta1 * m + one_minus_beta1 * g;
    v = beta2 * v + one_minus_beta2 * (g * g);
    w = w - decay * w;  // Loshchilov & Hutter 2019, algorithm 2
    w -= step_size * m / (sqrtf(v) * root_correction + eps);
  }
};

// correction1 = AdamCorrection(beta1, t), correction2 = AdamCorrection(beta2, t).
CHORUS_HD inline AdamRule MakeAdamRule(double beta1, double beta2, float eps, float lr,
                                       double weight_decay, double correction1,
                                       double correction2) {
  AdamRule rule;
  rule.beta1 = static_cast<float>(beta1);
  rule.one_minus_beta1 = static_cast<float>(1.0 - beta1);
  rule.beta2 = static_cast<float>(beta2);
  rule.one_minus_beta2 = static_cast<float>(1.0 - beta2);
  rule.eps = eps;
  rule.step_size = static_cast<float>(static_cast<double>(lr) / correction1);
  rule.root_correction = static_cast<float>(1.0 / sqrt(correction2));
  rule.decay = static_cast<float>(static_cast<double>(lr) * weight_decay);
  return rule;
}

// McMahan et al. 2013, algorithm 1 (FTRL-proximal), alpha = lr:
//   sigma = (sqrt(n + g^2) - sqrt(n)) / alpha; z += g - sigma w; n += g^2
//   w = 0 if |z| <= l1 else -(z - sign(z) l1) / ((beta + sqrt(n)) / alpha + l2)
// A step with alpha = 0 changes nothing.
struct FtrlRule {
  static constexpr int kStates = 2;
  float alpha = 0, beta = 0, l1 = 0, l2 = 0;
  // The z of a new row: with n = 0 its initial weight is the minimum that z stands for.
  CHORUS_HD float InitialZ(float w) const {
    const float sign = w > 0.0f ? 1.0f : (w < 0.0f ? -1.0f : 0.0f);
    return -(w * (beta / alpha + l2)) - sign * l1;
  }
  CHORUS_HD void operator()(float g, float& w, float& z, float& n) const {
    if (!(alpha > 0.0f)) return;
    const float n_next = n + g * g;
    const float root = sqrtf(n_next);
    const float sigma = (root - sqrtf(n)) / alpha;
    z += g - sigma * w;
    n = n_next;
    const float sign = z > 0.0f ? 1.0f : -1.0f;
    const float excess = z * sign - l1;
    const float curvature = (beta + root) / alpha + l2;
    if (excess <= 0.0f) {
      w = 0.0f;
    } else if (curvature > 0.0f) {
      w = -(sign * excess) / curvature;
    }
  }
};

}  // namespace chorus
