#pragma once
// How a process ends, for whoever decides whether to start it again.
// Thread safety: pure functions.

#include "common/status.h"

namespace chorus::launch {

constexpr int kExitFailure = 1;  // the same command will fail again: configuration, data, limits
constexpr int kExitUnavailable = 69;  // EX_UNAVAILABLE: a rank, host or network was lost; try again
constexpr int kExitStoppedBySignal = 75;  // EX_TEMPFAIL: stopped by a signal and saved; go on

// Of an error that ends the program. REQUIRES: !status.ok().
int ExitCodeOf(const Status& status);

// Exit codes that the same command would have again: the program's own of errors, command lines and
// runs of a comparison, and the shell's of programs that cannot be run. Launchers end with 1, too,
// when a host cannot be reached.
bool WouldComeAgain(int code);

}  // namespace chorus::launch
