#pragma once
// Which parts of a model are frozen: `trainable: false` of a message of config.proto.
// Thread safety: pure functions.

#include <string>
#include <vector>

#include "common/config.pb.h"

namespace chorus::worker {

// config: a message with the field, which is true where it is not written.
template <typename Config>
bool IsTrainable(const Config& config) {
  return !config.has_trainable() || config.trainable();
}

// The frozen parts that the job names: "table default", "model.encoder mix", ...
std::vector<std::string> FrozenParts(const TrainConfig& config);

// A line about what is frozen in a run that begins with initial values everywhere; "" where nothing
// is.
std::string DoubtOfFrozen(const TrainConfig& config);

}  // namespace chorus::worker
