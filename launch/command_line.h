#pragma once
// Parses the command line: its subcommand and the arguments of that.
// Thread safety: called once, from main's thread.

#include <functional>
#include <optional>
#include <string>

#include "common/status.h"

namespace chorus::launch {

struct CommandLine {
  std::string command;          // "train"
  std::function<Status()> run;  // does what the command line says
  // In place of both: the program ends with this code, and its answer is already printed (--help,
  // --version, a wrong command line).
  std::optional<int> exit_code;
};

// The outcome of a command besides its Status; see commands.h.
struct CommandOutcome {
  bool stopped_by_signal = false;  // of train, scale, or import --follow
  bool some_runs_failed = false;   // of compare
  bool found_wrong = false;        // of doctor
  int job_exit_code = 0;           // of run
};

// *outcome: set by CommandLine::run.
CommandLine ParseCommandLine(int argc, char** argv, CommandOutcome* outcome);

}  // namespace chorus::launch
