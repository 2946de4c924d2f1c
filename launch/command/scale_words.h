#pragma once
// The command line of a sweep, for a script that runs it again. Thread safety: pure functions.

#include <string>
#include <vector>

#include "launch/command/commands.h"

namespace chorus::launch {

// The words of all options but --slurm, --only, --collect, --resume and --check. If there is no
// --launcher, srun starts the ranks.
std::vector<std::string> WordsOf(const ScaleArguments& arguments, const std::string& program);

}  // namespace chorus::launch
