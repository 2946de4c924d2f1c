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

// *fitted: the settings that were chosen. A run that goes on keeps its earlier choices, and a run
// that begins from another run's model takes that model's towers (warm_towers.h). Errors: those of
// LoadTrainConfig and of a log that cannot be opened.
Result<TrainConfig> LoadFitted(const ConfigArguments& arguments, worker::Resume resume,
                               std::vector<worker::FittedSetting>* fitted);

// For a job that follows data.log: the path of the first file there, by its name; "" = there is no file, or no such
// directory, yet.
// REQUIRES: config names a log.
Result<std::string> FirstFollowedFile(FileSystem& files, const TrainConfig& config);

// Sets the fields that nobody has written to the choices of the run of this checkpoint. A
// checkpoint that cannot be read sets nothing: the code that reads its model reports the error.
void KeepSettingsOfCheckpoint(const std::string& folder, TrainConfig* written);

}  // namespace chorus::launch
