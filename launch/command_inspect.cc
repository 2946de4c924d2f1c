#include "launch/command_inspect.h"

#include "common/file.h"

namespace chorus::launch {

Status RunInspect(const InspectArguments& arguments) {
  const bool checkpoint = PosixFiles().Exists(JoinPath(arguments.path, "MANIFEST"));
  return checkpoint ? InspectCheckpoint(arguments) : InspectLog(arguments);
}

}  // namespace chorus::launch
