#pragma once
// Which parts of a model are frozen: `trainable: false` of a message of config.proto.
// Thread safety: pure functions.

#include <string>
#include <vector>

#include "common/config.pb.h"

namespace chorus::worker {

// config: a message with the field. Not written: true.
template <typename Config>
bool IsTrainable(const Config& config) {
  return !config.has_trainable() || config.trainable();
}

// The frozen parts that the job names: "table default", "model.encoder mix", ...
std::vector<std::string> FrozenParts(const TrainConfig& config);

// Of a run that begins with initial values everywhere; "" where nothing is frozen.
std::string DoubtOfFrozen(const TrainConfig& config);

}  // namespace chorus::worker
