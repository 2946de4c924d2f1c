#pragma once
// The common parts of command_line.cc, job_command_line.cc and log_command_line.cc, which describe the subcommands to
// CLI11.
// Thread safety: main's thread.

#include <functional>
#include <string>
#include <vector>

#include "common/status.h"
#include "launch/command_line.h"

namespace CLI {
class App;
class Error;
}  // namespace CLI

namespace chorus::launch {

// The work of the chosen subcommand; set while the command line is read.
using Action = std::function<Status()>;

// A subcommand with its example; `run` becomes *action when the user chooses it.
CLI::App* AddCommand(CLI::App* app, const std::string& name, const std::string& description,
                     const std::string& example, Action* action, Action run);

// Prints what is wrong with the command line, with the command's name, and returns true; or prints the help that was
// asked for, which CLI11 throws as well, and returns false (command_line_failure.cc).
bool TellFailure(CLI::App& app, const CLI::Error& error);

// Runs a command that only one process may run.
Status Alone(const Action& run);

// The same, of commands whose output appears when it is complete: SIGTERM, SIGINT and SIGHUP end them, and
// remove what is unfinished (common/unfinished_output.h).
Status AloneWithoutRemains(const Action& run);

// Adds --set: each occurrence has one value, taken as it is written, so that commas belong to the
// value.
void AddSets(CLI::App* command, std::vector<std::string>* sets);

// Adds the commands that make and describe logs (log_command_line.cc).
void AddLogCommands(CLI::App* app, CommandOutcome* outcome, Action* action);

// Adds the commands that plan and measure jobs (job_command_line.cc).
void AddJobCommands(CLI::App* app, CommandOutcome* outcome, Action* action);

}  // namespace chorus::launch
