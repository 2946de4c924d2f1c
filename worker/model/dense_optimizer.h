#pragma once
// One update of dense weights from the step's summed gradient, by the functors that servers use for
// rows (common/optimizer.h): SGD, Adagrad, Adam, AdamW. Clipping scales the gradient to a global
// norm first. Thread safety: none; every worker applies the same update to its own copy of the
// weights.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/config.pb.h"
#include "worker/layers/parameters.h"
#include "worker/math/thread_pool.h"

namespace chorus::worker {

// A float of state beside every weight, in the order of the flat parameter array.
struct OptimizerState {
  std::string name;  // "adagrad.sum"; "adam.mean", "adam.variance" (AdamW too)
  std::vector<float> values;
};

class DenseOptimizer {
 public:
  struct Applied {
    double norm = 0;     // of the gradient before clipping, 0 when that is off
    bool finite = true;  // all weights and all state that the update wrote
  };

  virtual ~DenseOptimizer() = default;
  // clip_norm: 0 = off. Unset fields of `config` count as their defaults.
  static std::unique_ptr<DenseOptimizer> Create(const DenseOptimizerConfig& config,
                                                double clip_norm, int64_t parameters);

  // Applies update t (1, 2, ...; Adam's bias correction counts it) to the weights from `first` on,
  // and leaves all others as they are, state included. gradient, weights: of those weights alone,
  // [n]. gradient: the global sum, scaled in place when clipped; squares are summed in double in a
  // fixed order.
  virtual Applied Apply(uint64_t t, float lr_factor, int64_t first, std::span<float> gradient,
                        std::span<float> weights) = 0;
  // The same for several ranges of weights, ascending, whose gradients have one norm together.
  // gradient, weights: of all weights.  pool: shares the work, the same bits with any; null:
  // nobody.
  virtual Applied ApplyParts(uint64_t t, float lr_factor, std::span<const ParameterRange> parts,
                             std::span<float> gradient, std::span<float> weights,
                             ThreadPool* pool) = 0;

  // For checkpoints: read or overwritten in place, sizes stay.
  virtual std::vector<OptimizerState>& state() = 0;
};

}  // namespace chorus::worker
