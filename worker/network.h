#pragma once
// The layers of a model, derived from the configuration: which there are, their shapes, where their
// parameters lie, and what each parameter block is called. No arithmetic.
//
// Each embedding group has its own inputs and trunk:
//   inputs -> [shared bottom] -> first layer of all its towers, side by side in one wide product
//          -> per tower: further hidden layers -> logit
// Later layers are one product a tower: at 512 rows they already run at the library's best speed.
// Thread safety: a value.

#include <cstdint>
#include <string>
#include <vector>

#include "common/config.pb.h"
#include "common/status.h"
#include "worker/input_layout.h"
#include "worker/layer/dense.h"
#include "worker/layer/logit.h"
#include "worker/method_shape.h"
#include "worker/parameters.h"

namespace chorus::worker {

struct TowerPlan {
  uint32_t head = 0;               // column of the logits
  int64_t first_column = 0;        // of its first hidden layer in the group's wide one
  int64_t first_width = 0;         // 0: no hidden layers
  std::vector<DenseLayer> layers;  // hidden layers after the first
  LogitLayer logit;                // on the last hidden layer, or on the shared bottom
  SplitLogitLayer split_logit;     // instead, when there is neither
};

struct GroupPlan {
  uint32_t stage = 0;
  SplitLayer split;  // first layer on the inputs; out == 0: every tower is a logit on them
  std::vector<DenseLayer> bottom;  // shared layers after `split`
  bool has_bottom = false;         // then `split` is the bottom's first layer, else the wide one
  DenseLayer wide;                 // on the bottom's output; out == 0: none
  int64_t wide_width = 0;
  std::vector<TowerPlan> towers;
};

struct Network {
  uint32_t heads = 0;
  std::vector<GroupPlan> groups;
  ParameterLayout parameters;  // in order of stages

  // Error: kInvalidArgument when a tower names a head that the objective lacks, two towers name one
  // head, or a head has no tower.
  static Result<Network> Make(const ModelConfig& config, const InputLayout& inputs,
                              const MethodShape& shape);
};

}  // namespace chorus::worker
