#pragma once
// The exit codes of a process, by which others decide whether to start it again.
// Thread safety: pure functions.

#include "common/status.h"

namespace chorus::launch {

constexpr int kExitFailure = 1;  // the same command will fail again: configuration, data, limits
constexpr int kExitUnavailable = 69;  // EX_UNAVAILABLE: a rank, host or network was lost; try again
constexpr int kExitStoppedBySignal = 75;  // EX_TEMPFAIL: stopped by a signal and saved; go on

// The code for an error that ends the program. REQUIRES: !status.ok().
int ExitCodeOf(const Status& status);

// Whether the same command would end with this code again: true of the program's own codes for
// errors, command lines and failed runs of a comparison, and of the shell's codes for programs that
// cannot be run. Launchers end with 1, too, when a host cannot be reached.
bool WouldComeAgain(int code);

}  // namespace chorus::launch
