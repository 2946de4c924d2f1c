#include "worker/model/dense_optimizer.h"

#include <algorithm>
#include <atomic>
#include <cmath>

#include "common/check.h"
#include "common/optimizer_config.h"
#include "worker/math/clones.h"
#include "worker/math/kernels.h"

namespace chorus::worker {
namespace {

using Kind = OptimizerParameters::Kind;

CHORUS_CLONES void ApplySgd(SgdRule rule, const float* g, int64_t n, float* __restrict w) {
  for (int64_t i = 0; i < n; ++i) rule(g[i], w[i]);
}

CHORUS_CLONES void ApplyAdagrad(AdagradRule rule, const float* g, int64_t n, float* __restrict w,
                                float* __restrict sum) {
  for (int64_t i = 0; i < n; ++i) rule(g[i], w[i], sum[i]);
}

CHORUS_CLONES void ApplyAdam(AdamRule rule, const float* g, int64_t n, float* __restrict w,
                             float* __restrict mean, float* __restrict variance) {
  for (int64_t i = 0; i < n; ++i) rule(g[i], w[i], mean[i], variance[i]);
}

CHORUS_CLONES void Scale(float factor, int64_t n, float* values) {
  for (int64_t i = 0; i < n; ++i) values[i] *= factor;
}

// Of the arrays of state, in the order of the rule's.
std::vector<const char*> StateNames(Kind kind) {
  switch (kind) {
    case Kind::kSgd:
      return {};
    case Kind::kAdagrad:
      return {"adagrad.sum"};
    case Kind::kAdam:
    case Kind::kAdamW:
      return {"adam.mean", "adam.variance"};
    case Kind::kRowwiseAdagrad:
    case Kind::kFtrl:
      break;
  }
  CHECK(false, "no optimizer of dense weights: ", kind);
}

class RuleOptimizer final : public DenseOptimizer {
 public:
  RuleOptimizer(const OptimizerParameters& parameters, double clip_norm, int64_t n)
      : parameters_(parameters), clip_norm_(clip_norm) {
    const auto size = static_cast<size_t>(n);
    for (const char* const name : StateNames(parameters.kind)) {
      state_.push_back({name, std::vector<float>(size)});
    }
    const auto array = [&](size_t i) {
      return i < state_.size() ? state_[i].values.data() : nullptr;
    };
    parameters.InitializeState(nullptr, size, array(0), array(1));
  }

  Applied Apply(uint64_t t, float lr_factor, int64_t first, std::span<float> gradient,
                std::span<float> weights) override {
    CHECK(gradient.size() == weights.size());
    const auto n = static_cast<int64_t>(gradient.size());
    Applied applied;
    applied.norm = Clip(SumOfSquaresIfClipped(gradient), {&gradient, 1});
    applied.finite = ApplyRange(t, lr_factor, first, n, gradient.data(), weights.data());
    return applied;
  }

  Applied ApplyParts(uint64_t t, float lr_factor, std::span<const ParameterRange> parts,
                     std::span<float> gradient, std::span<float> weights,
                     ThreadPool* pool) override {
    CHECK(gradient.size() == weights.size());
    std::vector<std::span<float>> gradients;
    double squares = 0;
    for (const ParameterRange& part : parts) {
      const auto size = static_cast<size_t>(part.size());
      gradients.push_back(gradient.subspan(static_cast<size_t>(part.begin), size));
      squares += SumOfSquaresIfClipped(gradients.back());
    }
    Applied applied;
    applied.norm = Clip(squares, gradients);
    for (size_t i = 0; i < parts.size(); ++i) {
      const bool finite = ApplySlices(t, lr_factor, parts[i].begin, parts[i].size(),
                                      gradients[i].data(), weights.data() + parts[i].begin, pool);
      applied.finite = applied.finite && finite;
    }
    return applied;
  }

  std::vector<OptimizerState>& state() override { return state_; }

 private:
  static constexpr int64_t kBlock = 2048;
  static constexpr int64_t kSlice = 16 * kBlock;

  // ApplyRange, on the threads of the pool.
  bool ApplySlices(uint64_t t, float lr_factor, int64_t first, int64_t n, const float* gradient,
                   float* weights, ThreadPool* pool) {
    if (pool == nullptr) return ApplyRange(t, lr_factor, first, n, gradient, weights);
    std::atomic<bool> finite = true;
    const auto slices = static_cast<uint32_t>((n + kSlice - 1) / kSlice);
    const Status status = pool->ParallelFor(slices, [&](uint32_t slice, uint32_t) {
      const int64_t begin = slice * kSlice;
      if (!ApplyRange(t, lr_factor, first + begin, std::min(kSlice, n - begin), gradient + begin,
                      weights + begin)) {
        finite = false;
      }
      return Status::Ok();
    });
    CHECK(status.ok(), status.message());
    return finite;
  }

  // Block by block: what was written is looked at again while it is in the first cache. Returns
  // whether it is finite.
  bool ApplyRange(uint64_t t, float lr_factor, int64_t first, int64_t end, const float* gradient,
                  float* weights) {
    bool finite = true;
    for (int64_t begin = 0; begin < end; begin += kBlock) {
      const int64_t n = std::min(kBlock, end - begin);
      float* const w = weights + begin;
      ApplyBlock(t, lr_factor, first + begin, n, gradient + begin, w);
      finite = finite && AllFinite(w, n);
      for (const OptimizerState& array : state_) {
        finite = finite && AllFinite(array.values.data() + first + begin, n);
      }
    }
    return finite;
  }

  // at: of the first weight's state.  g, w: [n]
  void ApplyBlock(uint64_t t, float lr_factor, int64_t at, int64_t n, const float* g, float* w) {
    switch (parameters_.kind) {
      case Kind::kSgd:
        ApplySgd(parameters_.Sgd(lr_factor), g, n, w);
        break;
      case Kind::kAdagrad:
        ApplyAdagrad(parameters_.Adagrad(lr_factor), g, n, w, state_[0].values.data() + at);
        break;
      case Kind::kAdam:
      case Kind::kAdamW:
        ApplyAdam(parameters_.Adam(lr_factor, t), g, n, w, state_[0].values.data() + at,
                  state_[1].values.data() + at);
        break;
      case Kind::kRowwiseAdagrad:
      case Kind::kFtrl:
        CHECK(false, "no optimizer of dense weights: ", parameters_.kind);
    }
  }

  double SumOfSquaresIfClipped(std::span<const float> gradient) const {
    if (clip_norm_ == 0) return 0;
    return SumOfSquares(gradient.data(), static_cast<int64_t>(gradient.size()));
  }
  // squares: sum of the gradients'.  Returns their norm before, 0 when clipping is off.
  double Clip(double squares, std::span<const std::span<float>> gradients) const {
    if (clip_norm_ == 0) return 0;
    const double norm = std::sqrt(squares);
    if (norm <= clip_norm_) return norm;
    for (const std::span<float> gradient : gradients) {
      Scale(static_cast<float>(clip_norm_ / norm), static_cast<int64_t>(gradient.size()),
            gradient.data());
    }
    return norm;
  }

  const OptimizerParameters parameters_;
  const double clip_norm_;
  std::vector<OptimizerState> state_;
};

}  // namespace

std::unique_ptr<DenseOptimizer> DenseOptimizer::Create(const DenseOptimizerConfig& config,
                                                       double clip_norm, int64_t parameters) {
  return std::make_unique<RuleOptimizer>(ParametersOf(config), clip_norm, parameters);
}

}  // namespace chorus::worker
