#pragma once
// What the settings of a training job need of each other, and of nothing else.
// Thread safety: pure functions.

#include <string>

#include "common/config.pb.h"
#include "common/status.h"

namespace chorus::launch {

// Error: kInvalidArgument, names the setting that another one lacks, or that means nothing.
Status CheckJobSettings(const TrainConfig& config);

// "" or a setting that does nothing as the others are.
std::string DoubtOfJobSettings(const TrainConfig& config);

}  // namespace chorus::launch
