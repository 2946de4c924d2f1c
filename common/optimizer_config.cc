#include "common/optimizer_config.h"

#include "common/check.h"
#include "common/config_internal.h"

namespace chorus {
namespace {

using Kind = OptimizerParameters::Kind;

OptimizerParameters FromSgd(const SgdConfig& config) {
  OptimizerParameters p;
  p.kind = Kind::kSgd;
  p.lr = config.lr();
  return p;
}

template <typename Config>
OptimizerParameters FromAdagrad(const Config& config, Kind kind) {
  OptimizerParameters p;
  p.kind = kind;
  p.lr = config.lr();
  p.initial_accumulator = static_cast<float>(config.initial_accumulator());
  p.eps = static_cast<float>(config.eps());
  return p;
}

template <typename Config>
OptimizerParameters FromAdam(const Config& config, Kind kind) {
  OptimizerParameters p;
  p.kind = kind;
  p.lr = config.lr();
  p.beta1 = config.beta1();
  p.beta2 = config.beta2();
  p.eps = static_cast<float>(config.eps());
  return p;
}

OptimizerParameters FromFtrl(const FtrlConfig& config) {
  OptimizerParameters p;
  p.kind = Kind::kFtrl;
  p.lr = config.alpha();
  p.beta = static_cast<float>(config.beta());
  p.l1 = static_cast<float>(config.l1());
  p.l2 = static_cast<float>(config.l2());
  return p;
}

// The configuration with the defaults of config.proto in fields that are not written.
template <typename Config>
Config Complete(Config config) {
  internal::FillDefaults(&config);
  return config;
}

}  // namespace

OptimizerParameters ParametersOf(const TableOptimizerConfig& written) {
  const TableOptimizerConfig config = Complete(written);
  switch (config.kind_case()) {
    case TableOptimizerConfig::kSgd:
      return FromSgd(config.sgd());
    case TableOptimizerConfig::kAdagrad:
      return FromAdagrad(config.adagrad(), Kind::kAdagrad);
    case TableOptimizerConfig::kRowwiseAdagrad:
      return FromAdagrad(config.rowwise_adagrad(), Kind::kRowwiseAdagrad);
    case TableOptimizerConfig::kAdam:
      return FromAdam(config.adam(), Kind::kAdam);
    case TableOptimizerConfig::kFtrl:
      return FromFtrl(config.ftrl());
    case TableOptimizerConfig::KIND_NOT_SET:
      break;
  }
  CHECK(false, "a table without an optimizer: its configuration is not complete");
}

OptimizerParameters ParametersOf(const DenseOptimizerConfig& written) {
  const DenseOptimizerConfig config = Complete(written);
  switch (config.kind_case()) {
    case DenseOptimizerConfig::kSgd:
      return FromSgd(config.sgd());
    case DenseOptimizerConfig::kAdagrad:
      return FromAdagrad(config.adagrad(), Kind::kAdagrad);
    case DenseOptimizerConfig::kAdam:
      return FromAdam(config.adam(), Kind::kAdam);
    case DenseOptimizerConfig::kAdamw: {
      OptimizerParameters p = FromAdam(config.adamw(), Kind::kAdamW);
      p.weight_decay = config.adamw().weight_decay();
      return p;
    }
    case DenseOptimizerConfig::KIND_NOT_SET:
      break;
  }
  CHECK(false, "a model without an optimizer: its configuration is not complete");
}

}  // namespace chorus
