#pragma once
// A program that is run to its end, with its output in a file. Thread safety: one thread; a stop
// signal of this process (common/stop_signal.h) ends the program, too.

#include <string>
#include <vector>

#include "common/status.h"

namespace chorus::launch {

// argv[0] is looked for in PATH. Errors: kNotFound, it cannot be started; kDeadlineExceeded, it ran
// longer than `seconds` and was ended with all of its group; kAborted, this process was asked to
// stop; kFailedPrecondition, its exit code would come again (launch/job/exit_code.h), kUnavailable,
// another: names the code and the end of its output.
Status RunProgram(const std::vector<std::string>& argv, const std::string& output, double seconds);

}  // namespace chorus::launch
