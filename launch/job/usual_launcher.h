#pragma once
// How this program starts itself on several ranks when the user does not say how.
// Thread safety: pure functions, and one that reads /proc.

#include <string>
#include <vector>

#include "common/status.h"

namespace chorus::launch {

// mpirun with the options that any job needs: ranks may use all cores of their host, there may be
// as many ranks as are asked for, and root may start them.
std::vector<std::string> UsualLauncher();

// The words of --launcher, which are separated by blanks.
std::vector<std::string> LauncherOf(const std::string& text);

// The path of this program.
Result<std::string> OwnProgram();

}  // namespace chorus::launch
