#pragma once
// How `chorus train` begins where its log is not there yet (data.follow_seconds). Thread safety:
// called by one thread.

#include "common/status.h"
#include "launch/command/commands.h"

namespace chorus::launch {

// A job that follows a log begins with its first file, from which it takes its settings: this waits
// for it, at most data.follow_seconds. Other jobs, and one that goes on from a checkpoint, wait for
// nothing. False: a signal came before. Errors: those of the configuration; kNotFound, no file came.
Result<bool> WaitForFirstFile(const TrainArguments& arguments);

}  // namespace chorus::launch
