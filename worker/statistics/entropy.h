#pragma once
// The entropy of a Bernoulli variable. Thread safety: pure function.

#include "common/device_math.h"

namespace chorus::worker {

// The entropy of Bernoulli(p), in nats; 0 where p is 0 or 1.
inline double Entropy(double p) { return p > 0 && p < 1 ? -(p * Log(p) + (1 - p) * Log1p(-p)) : 0; }

}  // namespace chorus::worker
