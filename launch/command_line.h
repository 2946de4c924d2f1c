#pragma once
// The command line: which subcommand it names, with which arguments.
// Thread safety: called once, from main's thread.

#include <functional>
#include <optional>
#include <string>

#include "common/status.h"

namespace chorus::launch {

struct CommandLine {
  std::string command;          // "train"
  std::function<Status()> run;  // does what the command line says
  // In place of both: the program ends with this code, and what it had to say is printed (--help,
  // --version, a command line that is wrong).
  std::optional<int> exit_code;
};

// What a command tells besides a Status; see commands.h.
struct CommandOutcome {
  bool stopped_by_signal = false;  // of train, scale, or import --follow
  bool some_runs_failed = false;   // of compare
  bool found_wrong = false;        // of doctor
  int job_exit_code = 0;           // of run
};

// *outcome: set by CommandLine::run.
CommandLine ParseCommandLine(int argc, char** argv, CommandOutcome* outcome);

}  // namespace chorus::launch
