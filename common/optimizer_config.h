#pragma once
// An optimizer's parameters from the configuration. Thread safety: pure functions.

#include "common/config.pb.h"
#include "common/optimizer_parameters.h"

namespace chorus {

// Unset fields count as their defaults in config.proto; none written: Adagrad for tables, Adam for
// dense.
OptimizerParameters ParametersOf(const TableOptimizerConfig& config);
OptimizerParameters ParametersOf(const DenseOptimizerConfig& config);

}  // namespace chorus
