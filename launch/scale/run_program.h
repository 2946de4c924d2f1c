#pragma once
// Runs a program to its end, with its output in a file. Thread safety: one thread; a stop signal of
// this process (common/stop_signal.h) ends the program, too.

#include <string>
#include <vector>

#include "common/status.h"

namespace chorus::launch {

// argv[0] is looked for in PATH. Errors: kNotFound when it cannot be started; kDeadlineExceeded
// when it ran longer than `seconds` and was ended with all of its group; kAborted when this process
// was asked to stop; for exit codes other than 0 kFailedPrecondition if the code would come again
// (launch/job/exit_code.h), otherwise kUnavailable, both with the code and the end of the output.
Status RunProgram(const std::vector<std::string>& argv, const std::string& output, double seconds);

}  // namespace chorus::launch
