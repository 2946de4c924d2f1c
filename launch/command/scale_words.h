#pragma once
// The command line of a sweep, for a script that runs it again. Thread safety: pure functions.

#include <string>
#include <vector>

#include "launch/command/commands.h"

namespace chorus::launch {

// All but --slurm, --only, --collect, --resume and --check. Without --launcher, srun starts ranks.
std::vector<std::string> WordsOf(const ScaleArguments& arguments, const std::string& program);

}  // namespace chorus::launch
