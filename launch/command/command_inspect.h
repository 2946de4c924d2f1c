#pragma once
// The two parts of `chorus inspect`: command_inspect.cc takes a folder with a MANIFEST for a
// checkpoint, and anything else for a log. Thread safety: called once, from main's thread.

#include "common/status.h"
#include "launch/command/commands.h"

namespace chorus::launch {

Status InspectLog(const InspectArguments& arguments);
Status InspectCheckpoint(const InspectArguments& arguments);

}  // namespace chorus::launch
