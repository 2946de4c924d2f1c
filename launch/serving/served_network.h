#pragma once
// The part of a model's network that its predictions depend on. ChorusCVR's tower of un-clicked
// exposures, a teacher and the like are used in training, but not served. Thread safety: values.

#include <cstdint>
#include <vector>

#include "common/config.pb.h"
#include "common/status.h"
#include "worker/log/batch.h"
#include "worker/model/model.h"
#include "worker/objective/method_shape.h"
#include "worker/objective/objective.h"

namespace chorus::launch {

struct ServedNetwork {
  worker::Model whole;           // as it was trained
  worker::Model served;          // has the same names of weights
  worker::MethodShape shape;     // of `served`
  std::vector<uint32_t> heads;   // [served heads], their numbers among all of the method
  std::vector<uint32_t> groups;  // [served groups], likewise
};

// config: complete. If towers depend on each other (transfers, slots of some towers), or the
// network would not be the same without one of them, all of it is served. Error: that of
// Model::Make.
Result<ServedNetwork> MakeServedNetwork(const TrainConfig& config, const worker::LogSchema& schema,
                                        const worker::Objective& objective);

}  // namespace chorus::launch
