#pragma once
// The configuration of a training job, with settings that fit its log where its user wrote none.
// Thread safety: reads files; called by one thread.

#include <string>
#include <vector>

#include "common/file.h"
#include "common/status.h"
#include "launch/command/commands.h"
#include "worker/steps/fit_settings.h"
#include "worker/train/trainer.h"

namespace chorus::launch {

// *fitted: what was chosen. A run that goes on keeps what it chose before, and one that begins from
// another run's model takes its towers (warm_towers.h). Errors: those of LoadTrainConfig and of a
// log that cannot be opened.
Result<TrainConfig> LoadFitted(const ConfigArguments& arguments, worker::Resume resume,
                               std::vector<worker::FittedSetting>* fitted);

// Of a job that follows data.log: the path of the first file there, by its name; "" = there is none, or no
// such directory yet.
// REQUIRES: config names a log.
Result<std::string> FirstFollowedFile(FileSystem& files, const TrainConfig& config);

// Sets what nobody has written to what the run of this checkpoint chose. One that cannot be read
// sets nothing: whoever reads its model says why.
void KeepSettingsOfCheckpoint(const std::string& folder, TrainConfig* written);

}  // namespace chorus::launch
