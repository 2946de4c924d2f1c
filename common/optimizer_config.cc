#include "common/optimizer_config.h"

namespace chorus {
namespace {

using Kind = OptimizerParameters::Kind;

// The value of an optional field, or its default in config.proto.
#define FIELD_OR(config, name, fallback) ((config).has_##name() ? (config).name() : (fallback))

OptimizerParameters FromSgd(const SgdConfig& config) {
  OptimizerParameters p;
  p.kind = Kind::kSgd;
  p.lr = FIELD_OR(config, lr, 0.1);
  return p;
}

template <typename Config>
OptimizerParameters FromAdagrad(const Config& config, Kind kind) {
  OptimizerParameters p;
  p.kind = kind;
  p.lr = FIELD_OR(config, lr, 0.02);
  p.initial_accumulator = static_cast<float>(FIELD_OR(config, initial_accumulator, 0.1));
  p.eps = static_cast<float>(FIELD_OR(config, eps, 1e-10));
  return p;
}

template <typename Config>
OptimizerParameters FromAdam(const Config& config, Kind kind) {
  OptimizerParameters p;
  p.kind = kind;
  p.lr = FIELD_OR(config, lr, 0.001);
  p.beta1 = FIELD_OR(config, beta1, 0.9);
  p.beta2 = FIELD_OR(config, beta2, 0.999);
  p.eps = static_cast<float>(FIELD_OR(config, eps, 1e-8));
  return p;
}

OptimizerParameters FromFtrl(const FtrlConfig& config) {
  OptimizerParameters p;
  p.kind = Kind::kFtrl;
  p.lr = FIELD_OR(config, alpha, 0.05);
  p.beta = static_cast<float>(FIELD_OR(config, beta, 1.0));
  p.l1 = static_cast<float>(FIELD_OR(config, l1, 0.0));
  p.l2 = static_cast<float>(FIELD_OR(config, l2, 0.0));
  return p;
}

}  // namespace

OptimizerParameters ParametersOf(const TableOptimizerConfig& config) {
  switch (config.kind_case()) {
    case TableOptimizerConfig::kSgd:
      return FromSgd(config.sgd());
    case TableOptimizerConfig::kRowwiseAdagrad:
      return FromAdagrad(config.rowwise_adagrad(), Kind::kRowwiseAdagrad);
    case TableOptimizerConfig::kAdam:
      return FromAdam(config.adam(), Kind::kAdam);
    case TableOptimizerConfig::kFtrl:
      return FromFtrl(config.ftrl());
    default:
      return FromAdagrad(config.adagrad(), Kind::kAdagrad);
  }
}

OptimizerParameters ParametersOf(const DenseOptimizerConfig& config) {
  switch (config.kind_case()) {
    case DenseOptimizerConfig::kSgd:
      return FromSgd(config.sgd());
    case DenseOptimizerConfig::kAdagrad:
      return FromAdagrad(config.adagrad(), Kind::kAdagrad);
    case DenseOptimizerConfig::kAdamw: {
      OptimizerParameters p = FromAdam(config.adamw(), Kind::kAdamW);
      p.weight_decay = FIELD_OR(config.adamw(), weight_decay, 0.01);
      return p;
    }
    default:
      return FromAdam(config.adam(), Kind::kAdam);
  }
}

#undef FIELD_OR

}  // namespace chorus
