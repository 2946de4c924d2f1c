#pragma once
// The parts of `chorus inspect` by what the path is: a folder with a MANIFEST is a checkpoint,
// anything else a log (command_inspect.cc decides). Thread safety: called once, from main's thread.

#include "common/status.h"
#include "launch/command/commands.h"

namespace chorus::launch {

Status InspectLog(const InspectArguments& arguments);
Status InspectCheckpoint(const InspectArguments& arguments);

}  // namespace chorus::launch
