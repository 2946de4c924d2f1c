#pragma once
// What `chorus train` says at its end. Thread safety: writes to standard output; called by one
// thread.

#include "common/config.pb.h"
#include "worker/train/trainer.h"

namespace chorus::launch {

// Steps and their times, the last evaluation, checkpoints, files, and how a run that was stopped
// goes on. result: of worker 0.
void PrintResult(const TrainConfig& config, const worker::TrainResult& result);

}  // namespace chorus::launch
