#pragma once
// The layers of one embedding group: encoders, towers, transfers between towers, logits.
// Thread safety: none; one thread builds a network.

#include <cstdint>
#include <vector>

#include "common/config.pb.h"
#include "common/status.h"
#include "worker/model/group_builder.h"
#include "worker/model/input_layout.h"
#include "worker/model/tower_shape.h"
#include "worker/objective/method_shape.h"

namespace chorus::worker {

// Takes the weights of group number `index`, which has these towers, and adds its nodes.
// head_bias: [heads], offsets of the biases of logits, set for the group's heads. Error: as
// Network::Make.
Status MakeGroup(const ModelConfig& config, const InputLayout& inputs, const MethodShape& shape,
                 uint32_t index, const std::vector<TowerShape>& towers, GroupBuilder* builder,
                 std::vector<int64_t>* head_bias);

}  // namespace chorus::worker
