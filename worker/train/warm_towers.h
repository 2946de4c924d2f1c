#pragma once
// Towers of a run that begins from another run's model: those of that model, where its user writes
// none. Towers that fit the new log could have other widths, and their layers would begin anew.
// Thread safety: reads files; called by one thread.

#include <optional>

#include "common/config.pb.h"
#include "common/file.h"
#include "common/status.h"
#include "worker/steps/fit_settings.h"

namespace chorus::worker {

// Sets hidden layers and the wide part of written->model().tower() and says so; nothing where there
// is no warm start, where the user has chosen layers, or where the model has encoders, a shared
// bottom, transfers, or towers by name, which need not fit this job: then the towers are chosen as
// if there were no warm start. `written` has no defaults applied. Error: the checkpoint cannot be
// read (the warm start itself will say so).
Result<std::optional<FittedSetting>> TakeTowersOfWarmStart(FileSystem& files, TrainConfig* written);

}  // namespace chorus::worker
