#pragma once
// How this program starts itself on several ranks, where nobody says how.
// Thread safety: pure functions, and one that reads /proc.

#include <string>
#include <vector>

#include "common/status.h"

namespace chorus::launch {

// mpirun and what any job wants of it: ranks that use all cores of their host, as many as are asked
// for, also as root.
std::vector<std::string> UsualLauncher();

// The words of --launcher, between blanks.
std::vector<std::string> LauncherOf(const std::string& text);

// The path of this program.
Result<std::string> OwnProgram();

}  // namespace chorus::launch
