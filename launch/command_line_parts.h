#pragma once
// What command_line.cc, job_command_line.cc and log_command_line.cc share, which describe the subcommands to CLI11.
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

// What the chosen subcommand does; set while the command line is read.
using Action = std::function<Status()>;

// A subcommand with its example; `run` becomes *action when the user chooses it.
CLI::App* AddCommand(CLI::App* app, const std::string& name, const std::string& description,
                     const std::string& example, Action* action, Action run);

// Says what is wrong with the command line, with the command's name, and is true; or prints the help
// that was asked for, which CLI11 throws as well, and is false (command_line_failure.cc).
bool TellFailure(CLI::App& app, const CLI::Error& error);

// For commands of one process.
Status Alone(const Action& run);

// The same, of commands whose output appears when it is complete: SIGTERM and SIGINT end them, and
// remove what is unfinished (common/unfinished_output.h).
Status AloneWithoutRemains(const Action& run);

// --set: one value an occurrence, as written: commas inside are the value's own.
void AddSets(CLI::App* command, std::vector<std::string>* sets);

// The commands that make and describe logs (log_command_line.cc).
void AddLogCommands(CLI::App* app, CommandOutcome* outcome, Action* action);

// The commands that plan and measure jobs (job_command_line.cc).
void AddJobCommands(CLI::App* app, CommandOutcome* outcome, Action* action);

}  // namespace chorus::launch
