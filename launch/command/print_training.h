#pragma once
// What `chorus train` says at its end. Thread safety: writes to standard output; called by one
// thread.

#include <cstdint>
#include <string>

#include "common/config.pb.h"
#include "worker/train/trainer.h"

namespace chorus::launch {

// "trained to step 32: 1902 exposures (951 rows, 2 epochs)", of a method with stages "(951 rows, 2
// epochs, 2 stages)"; "... 712 exposures since step 20" of a run that was resumed. Without either
// where the run ended early, or its log grows.
std::string TrainedText(const worker::TrainResult& result, uint32_t epochs);

// Steps and their times, the last evaluation, checkpoints, files, and how a run that was stopped
// goes on. result: of worker 0.
void PrintResult(const TrainConfig& config, const worker::TrainResult& result);

}  // namespace chorus::launch
