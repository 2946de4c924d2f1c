#pragma once
// The towers of a group, as method and configuration together describe them: names, widths, heads.
// Thread safety: values; pure functions.

#include <cstdint>
#include <string>
#include <vector>

#include "common/config.pb.h"
#include "common/status.h"
#include "common/strings.h"
#include "worker/objective/method_shape.h"

namespace chorus::worker {

using Widths = std::vector<int64_t>;

struct TowerShape {
  std::string name;  // "cvr"
  Widths hidden;
  double dropout = 0;
  std::vector<uint32_t> heads;  // indices into MethodShape::heads

  std::string layer(size_t l) const { return StrCat("tower.", name, ".", l); }
};

// Error: kInvalidArgument when the configuration names a tower that the heads lack, or one twice.
Status CheckTowerNames(const ModelConfig& config, const std::vector<Head>& heads);

// In the order of their first heads. Error: kInvalidArgument when one is not configured, or its
// heads drop units of a hidden layer that it has not.
Result<std::vector<TowerShape>> TowersOf(const ModelConfig& config, const MethodShape& shape,
                                         uint32_t group);

// Index among `towers` of the tower that takes part in a transfer through its head. Error:
// kInvalidArgument when it has fewer than `layer` hidden layers.
Result<size_t> TransferTower(const std::vector<TowerShape>& towers, const Head& head,
                             uint32_t layer);

}  // namespace chorus::worker
