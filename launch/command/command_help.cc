// `chorus help`: what settings mean.

#include <cstdio>

#include "launch/command/commands.h"
#include "launch/command/setting_help.h"

namespace chorus::launch {

Status RunHelp(const HelpArguments& arguments) {
  ASSIGN_OR_RETURN(const std::string text, HelpOf(arguments.setting));
  std::fputs(text.c_str(), stdout);
  return Status::Ok();
}

}  // namespace chorus::launch
