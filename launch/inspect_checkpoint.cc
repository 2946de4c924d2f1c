#include "common/strings.h"
#include "launch/command_inspect.h"

namespace chorus::launch {

Status InspectCheckpoint(const InspectArguments& arguments) {
  return InvalidArgument(
      StrCat(arguments.path, " is a checkpoint, and this program inspects logs only"));
}

}  // namespace chorus::launch
