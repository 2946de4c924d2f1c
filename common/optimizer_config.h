#pragma once
// An optimizer's parameters from the configuration.
// Thread safety: pure functions.

#include "common/config.pb.h"
#include "common/optimizer_parameters.h"

namespace chorus {

// Fields that are not written count as their defaults in config.proto. REQUIRES: an optimizer is
// chosen, as it is in every complete job.
OptimizerParameters ParametersOf(const TableOptimizerConfig& written);
OptimizerParameters ParametersOf(const DenseOptimizerConfig& written);

}  // namespace chorus
