#pragma once
// Hidden layers above one another. Names of layers: "PREFIX.LAYER"; their weights end in ".bias",
// in ".context", ".exposure" or ".weight", and where they are configured in ".alpha" (PReLU, Dice),
// ".norm.gain" and ".norm.bias" (layer normalisation).
// Thread safety: none; one thread builds a network.

#include <string>
#include <vector>

#include "common/config.pb.h"
#include "common/status.h"
#include "worker/model/group_builder.h"

namespace chorus::worker {

// Returns the output of the last layer.  reader: in messages.  Error: kInvalidArgument names the
// field: no hidden layer is written; a residual connection fits no layer; batch normalisation meets
// another activation than a ReLU, or layer normalisation.
Result<Port> AddMlp(const MlpConfig& config, const std::string& reader, const std::string& prefix,
                    std::vector<Port> below, GroupBuilder* builder);

}  // namespace chorus::worker
