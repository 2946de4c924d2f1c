#pragma once
// The mistakes that a training job would find itself: logs that hold nothing, settings that need
// others, a run that is finished or belongs to another job. Thread safety: reads files; one thread.

#include <vector>

#include "common/config.pb.h"
#include "common/file.h"
#include "common/status.h"
#include "launch/doctor/finding.h"

namespace chorus::launch {

// fitted: `config` with the settings that fit its log, or the error of fitting. Missing logs are
// left to CheckFolders, which reports them.
std::vector<Finding> JudgeJob(FileSystem& files, const TrainConfig& config,
                              const Result<TrainConfig>& fitted);

}  // namespace chorus::launch
