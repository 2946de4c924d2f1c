#pragma once
// `chorus train --print-config`. Thread safety: writes to standard output; called by one thread.

#include "common/status.h"
#include "launch/command/commands.h"
#include "worker/train/trainer.h"

namespace chorus::launch {

// The whole configuration of the job, as text that can be its --config; in comments before it, what
// fits the log and why, and how many steps are planned. Errors: those of LoadFitted, and of a log
// that the job cannot read.
Status PrintFitted(const ConfigArguments& arguments, worker::Resume resume);

}  // namespace chorus::launch
