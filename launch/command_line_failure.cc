#include <CLI/CLI.hpp>

#include <cstdio>
#include <string>

#include "launch/command_line_parts.h"

namespace chorus::launch {

bool TellFailure(CLI::App& app, const CLI::Error& error) {
  if (error.get_exit_code() == 0) {
    app.exit(error);
    return false;
  }
  const auto used = app.get_subcommands();
  const std::string command = used.empty() ? "chorus" : "chorus " + used.front()->get_name();
  std::fprintf(stderr, "%s: %s (%s --help lists what it takes)\n", command.c_str(), error.what(),
               command.c_str());
  return true;
}

}  // namespace chorus::launch
