#pragma once
// The layers of a model, derived from the configuration: which there are, their shapes, where their
// parameters lie, and what each parameter block is called. No arithmetic.
//
// Each embedding group has its own inputs and trunk:
//   inputs -> [shared bottom] -> first layer of all its towers, side by side in one wide product
//          -> per tower: further hidden layers -> a logit for each of its heads
// Later layers are one product a tower: at 512 rows they already run at the library's best speed.
// Batch normalisation stands inside hidden layers; dropout comes after hidden layers, all of which
// lie after contexts and exposures join. A transfer replaces what the rest of the receiving tower
// reads in place of one of its hidden layers.
// Thread safety: a value.

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
  LogitLayer logit;             // on the last hidden layer, or on the shared bottom
  SplitLogitLayer split_logit;  // instead, when there is neither
  DropoutLayer dropout;         // of what `logit` reads
};

struct TowerPlan {
  std::string name;                   // "tower.cvr"
  int64_t first_column = 0;           // of its first hidden layer in the group's wide one
  int64_t first_width = 0;            // 0: no hidden layers
  std::vector<DenseLayer> layers;     // hidden layers after the first
  std::vector<DropoutLayer> dropout;  // [hidden layers]
  std::vector<BatchNormLayer> norms;  // [hidden layers after the first]
  std::vector<HeadPlan> heads;

  size_t hidden_layers() const { return dropout.size(); }
  std::string layer(size_t l) const { return StrCat(name, ".", l); }  // what its blocks begin with
};

struct TransferPlan {
  std::string name;          // "transfer.cvr": what its blocks begin with
  size_t to = 0;             // tower of the group
  std::vector<size_t> from;  // towers of the group
  size_t layer = 0;          // hidden layer that gives, and that is replaced; the first is 0
  AttentionLayer attention;
};

struct GroupPlan {
  std::string name;
  uint32_t stage = 0;
  SplitLayer split;  // first layer on the inputs; out == 0: every tower is a logit on them
  std::vector<DenseLayer> bottom;            // shared layers after `split`
  std::vector<DropoutLayer> bottom_dropout;  // [shared layers]
  std::vector<BatchNormLayer> bottom_norms;  // [shared layers]
  bool has_bottom = false;  // then `split` is the bottom's first layer, else the wide one
  DenseLayer wide;          // on the bottom's output; out == 0: none
  int64_t wide_width = 0;
  BatchNormLayer wide_norm;
  std::vector<TowerPlan> towers;
  std::optional<TransferPlan> transfer;
  // Where its weights lie: those that a backward pass comes to last, and the others.
  ParameterRange trunk_parameters, tower_parameters;

  std::string bottom_layer(size_t l) const { return StrCat("bottom.", name, ".", l); }
};

struct Network {
  uint32_t heads = 0;
  std::vector<GroupPlan> groups;
  ParameterLayout parameters;  // in order of stages

  // Error: kInvalidArgument when the configuration names a tower that the objective lacks, or one
  // twice, when a tower is not configured, or has too few hidden layers for a transfer or a head's
  // dropout.
  static Result<Network> Make(const ModelConfig& config, const InputLayout& inputs,
                              const MethodShape& shape);

  // Sets the bias of every head's logit.  logits: [heads].  values: [parameters.size()].
  void StartHeadsAt(std::span<const double> logits, std::span<float> values) const;
};

}  // namespace chorus::worker
