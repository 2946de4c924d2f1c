#pragma once
// The checks of a training job's settings against each other, and against nothing else.
// Thread safety: pure functions.

#include <string>

#include "common/config.pb.h"
#include "common/status.h"

namespace chorus::launch {

// Error: kInvalidArgument, which names a setting that another one needs, or one that has no
// meaning.
Status CheckJobSettings(const TrainConfig& config);

// The doubt about a setting that has no effect with the others; "" if there is none.
std::string DoubtOfJobSettings(const TrainConfig& config);

}  // namespace chorus::launch
