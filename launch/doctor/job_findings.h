#pragma once
// What a training job would find of its own: logs that hold nothing, settings that need others, a
// run that is finished or another's. Thread safety: reads files; one thread.

#include <vector>

#include "common/config.pb.h"
#include "common/file.h"
#include "common/status.h"
#include "launch/doctor/finding.h"

namespace chorus::launch {

// fitted: `config` with the settings that fit its log, or why there is none. Logs that are not
// there are not looked at: CheckFolders tells of them.
std::vector<Finding> JudgeJob(FileSystem& files, const TrainConfig& config,
                              const Result<TrainConfig>& fitted);

}  // namespace chorus::launch
