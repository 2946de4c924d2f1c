#pragma once
// The towers that a method needs, from which the model is built. A head is one logit of a tower.
// The towers of a group read the embedding tables of that group. A group belongs to a stage: stage
// s trains the groups of stage s, reads those of earlier stages without changing them, and does not
// touch those of later stages. Thread safety: values.

#include <cstdint>
#include <string>
#include <vector>

#include "worker/objective/base_rate.h"

namespace chorus::worker {

struct Group {
  std::string name;  // the tables of groups after the first are called "default@name"
  uint32_t stage = 0;
};

struct Head {
  std::string name;  // "ctr", "cvr", "uncvr", ...
  uint32_t group = 0;
  // Heads that name the same tower share its hidden layers. "": the head has a tower of its own,
  // with the head's name.
  std::string tower = {};
  // Dropout of the tower's last hidden layer as this head reads it; drawn for each head. 0: none.
  double dropout = 0;
  // The factor on the gradient that goes from this head into its tower, and into the tower's wide
  // part. A negative one is gradient reversal (Ganin & Lempitsky, ICML 2015).
  double pass_back = 1;
  // Where its logit starts with model.start BASE_RATE, unless the method computes that itself
  // (row_objective.h).
  BaseRate start = BaseRate::kHalf;
};

// The heads that nearly every method has.
inline Head CtrHead(uint32_t group = 0) {
  return {.name = "ctr", .group = group, .start = BaseRate::kClick};
}
inline Head CvrHead(uint32_t group = 0) {
  return {.name = "cvr", .group = group, .start = BaseRate::kConversion};
}

// Attention transfer between towers (CTM of DDPO, after AITM, Xi et al., KDD 2021, section 3.3). h
// is the output of a tower's hidden layer number `layer`, counted from 1. In the receiving tower
// h_to is replaced by
//   relu(W [o_1; o_2; ...] + b),  o_j = sum_k A_k V t_k,  t = (relu(W_j h_from_j), h_to),
//   A = softmax_k(<Q t_k, K t_k> / sqrt(width))
struct Transfer {
  uint32_t to = 0;             // head whose tower receives
  std::vector<uint32_t> from;  // heads whose towers give; their gradients flow back
  uint32_t layer = 1;          // >= 1
};

struct MethodShape {
  std::vector<Group> groups;  // at least one
  std::vector<Head> heads;
  std::vector<Transfer> transfers = {};  // each to another tower

  uint32_t stages() const {
    uint32_t last = 0;
    for (const Group& group : groups) last = group.stage > last ? group.stage : last;
    return last + 1;
  }
  std::vector<std::string> group_names() const {
    std::vector<std::string> names;
    for (const Group& group : groups) names.push_back(group.name);
    return names;
  }
};

}  // namespace chorus::worker
