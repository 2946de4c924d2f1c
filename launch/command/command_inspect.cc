#include "launch/command/command_inspect.h"

#include <optional>

#include "common/file.h"
#include "worker/train/checkpoint_store.h"

namespace chorus::launch {

// A checkpoint, the newest one of a directory of them, or else a log.
Status RunInspect(const InspectArguments& arguments) {
  ASSIGN_OR_RETURN(const std::optional<std::string> checkpoint,
                   worker::FindCheckpoint(PosixFiles(), arguments.path));
  if (!checkpoint.has_value()) {
    const Status status = InspectLog(arguments);
    if (status.code() != Code::kNotFound || !PosixFiles().Exists(arguments.path)) return status;
    return status.Annotate(arguments.path + " is no complete checkpoint (no MANIFEST), nor a log");
  }
  InspectArguments found = arguments;
  found.path = *checkpoint;
  return InspectCheckpoint(found);
}

}  // namespace chorus::launch
