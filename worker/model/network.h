#pragma once
// The networks of a model, derived from the configuration: the graph of each embedding group, the
// places of the parameters and the names of their blocks. No arithmetic.
//
// Each embedding group has inputs and a graph of its own:
//   inputs -> [shared bottom, encoders] -> first layers of all towers
//          -> per tower: further hidden layers -> a logit for each of its heads [and its wide part]
// First layers that read the same are one wide product. Later layers are one product per tower: at
// 512 rows these already run at the library's best speed. Batch normalisation and dropout follow
// hidden layers. A transfer replaces the output of one hidden layer of the receiving tower.
// Thread safety: a value.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "common/config.pb.h"
#include "common/status.h"
#include "worker/layers/graph.h"
#include "worker/layers/parameters.h"
#include "worker/model/group_builder.h"
#include "worker/model/input_layout.h"
#include "worker/objective/method_shape.h"

namespace chorus::worker {

struct GroupPlan {
  std::string name;
  uint32_t stage = 0;
  Graph graph;
  // The graph's inputs, which are its first nodes: the columns of input_layout.h.
  static constexpr size_t kContexts = GroupBuilder::kContexts;
  static constexpr size_t kExposures = GroupBuilder::kExposures;
  // The group's weights are one range. `upper` is final after BackwardUpper, `lower` after
  // BackwardLower, so that a device can begin to sum the former among workers.
  ParameterRange lower, upper;
};

struct Network {
  uint32_t heads = 0;
  std::vector<GroupPlan> groups;
  ParameterLayout parameters;      // groups in the order of their stages
  std::vector<int64_t> head_bias;  // [heads], offsets of the biases of their logits

  // Error: kInvalidArgument when the configuration names a tower that the objective lacks, or one
  // twice, when a tower is not configured, or has too few hidden layers for a transfer or a head's
  // dropout; when an encoder is not well configured (encoders.h); when nothing reads an encoder or
  // a column.
  static Result<Network> Make(const ModelConfig& config, const InputLayout& inputs,
                              const MethodShape& shape);

  // Sets the bias of every head's logit.  logits: [heads].  values: [parameters.size()].
  void StartHeadsAt(std::span<const double> logits, std::span<float> values) const;
};

}  // namespace chorus::worker
