#pragma once
// The layers of a model, derived from the configuration: their shapes, the places of their
// parameters and the names of their parameter blocks. No arithmetic.
//
// Each embedding group has inputs and a trunk of its own:
//   inputs -> [shared bottom] -> first layer of all its towers, side by side in one wide product
//          -> per tower: further hidden layers -> a logit for each of its heads
// The first layers share one product, since they all read the same wide input. Later layers are one
// product per tower: at 512 rows these already run at the library's best speed. Batch normalisation
// is part of a hidden layer; dropout follows it. Hidden layers come after contexts and exposures
// are joined, so both work on exposures. A transfer replaces the output of one hidden layer of the
// receiving tower. Thread safety: a value.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/config.pb.h"
#include "common/status.h"
#include "common/strings.h"
#include "worker/math/dropout.h"
#include "worker/model/attention.h"
#include "worker/model/batch_norm.h"
#include "worker/model/dense.h"
#include "worker/model/input_layout.h"
#include "worker/model/logit.h"
#include "worker/model/parameters.h"
#include "worker/objective/method_shape.h"

namespace chorus::worker {

struct HeadPlan {
  uint32_t head = 0;            // column of the logits
  LogitLayer logit;             // on the tower's last hidden layer, or on the shared bottom
  SplitLogitLayer split_logit;  // on the inputs, when there is neither
  DropoutLayer dropout;         // of the units that `logit` reads
};

struct TowerPlan {
  std::string name;                   // "tower.cvr"
  int64_t first_column = 0;           // of its first hidden layer in the group's wide layer
  int64_t first_width = 0;            // of that layer; 0: no hidden layers
  std::vector<DenseLayer> layers;     // hidden layers after the first
  std::vector<DropoutLayer> dropout;  // [hidden layers]
  std::vector<BatchNormLayer> norms;  // [hidden layers after the first]
  std::vector<HeadPlan> heads;

  size_t hidden_layers() const { return dropout.size(); }
  // The prefix of the names of the layer's blocks.
  std::string layer(size_t l) const { return StrCat(name, ".", l); }
};

struct TransferPlan {
  std::string name;          // "transfer.cvr", the prefix of its blocks' names
  size_t to = 0;             // index of the receiving tower in the group
  std::vector<size_t> from;  // indices of the giving towers
  size_t layer = 0;          // the hidden layer that is given and replaced; the first is 0
  AttentionLayer attention;
};

struct GroupPlan {
  std::string name;
  uint32_t stage = 0;
  // The layer on the inputs: the first one of the shared bottom, else the wide layer. out == 0: all
  // towers are logits on the inputs.
  SplitLayer split;
  std::vector<DenseLayer> bottom;            // shared layers after `split`
  std::vector<DropoutLayer> bottom_dropout;  // [shared layers]
  std::vector<BatchNormLayer> bottom_norms;  // [shared layers]
  bool has_bottom = false;
  DenseLayer wide;  // on the bottom's output; out == 0: none
  int64_t wide_width = 0;
  BatchNormLayer wide_norm;
  std::vector<TowerPlan> towers;
  std::optional<TransferPlan> transfer;
  // The group's weights are one range, the trunk's first. A backward pass computes the gradients of
  // the towers first, so that a device can begin to sum them among workers.
  ParameterRange trunk_parameters, tower_parameters;

  std::string bottom_layer(size_t l) const { return StrCat("bottom.", name, ".", l); }
};

struct Network {
  uint32_t heads = 0;
  std::vector<GroupPlan> groups;
  ParameterLayout parameters;  // groups in the order of their stages

  // Error: kInvalidArgument when the configuration names a tower that the objective lacks, or one
  // twice, when a tower is not configured, or has too few hidden layers for a transfer or a head's
  // dropout.
  static Result<Network> Make(const ModelConfig& config, const InputLayout& inputs,
                              const MethodShape& shape);

  // Sets the bias of every head's logit.  logits: [heads].  values: [parameters.size()].
  void StartHeadsAt(std::span<const double> logits, std::span<float> values) const;
};

}  // namespace chorus::worker
