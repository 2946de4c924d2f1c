#pragma once
// The transfers between the towers of a group: those that the method asks for (method_shape.h), and
// those of the configuration (model.transfer). Thread safety: values; pure functions.

#include <cstdint>
#include <string>
#include <vector>

#include "common/config.pb.h"
#include "common/status.h"
#include "worker/model/tower_shape.h"
#include "worker/objective/method_shape.h"

namespace chorus::worker {

struct TowerTransfer {
  size_t to = 0;             // index of the receiving tower in the group
  std::vector<size_t> from;  // indices of the giving towers
  size_t layer = 0;          // the hidden layer that is given and replaced; the first is 0
};

// The transfers of group number `group`, in an order in which they can be computed: a tower
// receives before it gives from the same layer, so that what it gives holds what it got.
// Error: kInvalidArgument names field, towers and remedy: a tower has too few hidden layers, gives
// to itself, receives twice, or waits for itself.
Result<std::vector<TowerTransfer>> TransfersOf(const ModelConfig& config, const MethodShape& shape,
                                               uint32_t group,
                                               const std::vector<TowerShape>& towers);

// Checks the names of all groups' transfers. Error: kInvalidArgument when a name is none of the
// method's towers, or when towers of two groups are named.
Status CheckTransferNames(const ModelConfig& config, const MethodShape& shape);

}  // namespace chorus::worker
