#include "launch/command/command_inspect.h"

#include <optional>
#include <string>

#include "common/file.h"
#include "launch/command/chosen_checkpoint.h"
#include "worker/train/checkpoint_store.h"

namespace chorus::launch {

// A checkpoint, the newest one of a directory of them, or else a log.
Status RunInspect(const InspectArguments& arguments) {
  FileSystem& files = PosixFiles();
  ASSIGN_OR_RETURN(const std::optional<std::string> checkpoint,
                   worker::FindCheckpoint(files, arguments.path));
  if (!checkpoint.has_value() && !worker::AwaitsFirstCheckpoint(files, arguments.path)) {
    const Status status = InspectLog(arguments);
    if (status.code() != Code::kNotFound || !files.Exists(arguments.path)) return status;
    return status.Annotate(arguments.path + " is no complete checkpoint (no MANIFEST), nor a log");
  }
  return ReadChosen(files, arguments.path, false, [&](const std::string& folder) {
    InspectArguments chosen = arguments;
    chosen.path = folder;
    return InspectCheckpoint(chosen);
  });
}

}  // namespace chorus::launch
