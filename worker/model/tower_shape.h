#pragma once
// The towers of a group, as method and configuration together define them: names, widths, heads.
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
using FieldNames = google::protobuf::RepeatedPtrField<std::string>;

struct TowerShape {
  std::string name;  // "cvr"
  Widths hidden;
  double dropout = 0;
  std::vector<uint32_t> heads;  // indices into MethodShape::heads
  FieldNames input, wide;       // TowerConfig's
  bool trainable = true;        // likewise

  std::string layer(size_t l) const { return StrCat("tower.", name, ".", l); }
};

// The name of a head's tower.
std::string TowerOf(const Head& head);

// The towers of a group by name, in the order of their first heads.
std::vector<std::string> TowerNamesOf(const MethodShape& shape, uint32_t group);

// Error: kInvalidArgument when the configuration names a tower that the heads lack, or one twice.
Status CheckTowerNames(const ModelConfig& config, const std::vector<Head>& heads);

// The towers of group number `group`, in the order of their first heads. Error: kInvalidArgument
// when a tower is not configured, or when one of its heads drops units of a hidden layer and the
// tower has none.
Result<std::vector<TowerShape>> TowersOf(const ModelConfig& config, const MethodShape& shape,
                                         uint32_t group);

}  // namespace chorus::worker
