#pragma once
// Command lines of programs that model or measure: pairs of an option and its value. What is wrong
// with one is said with what is allowed. Thread safety: functions of their arguments.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "common/status.h"

namespace chorus::perf {

using Option = std::pair<std::string, std::string>;  // "--name", value

// --help or -h is among them.
bool AsksForHelp(const std::vector<std::string>& arguments);
// Error, of these: kInvalidArgument.
Result<std::vector<Option>> OptionsOf(const std::vector<std::string>& arguments);
Status UnknownOption(const std::string& name);

struct CountRange {
  uint32_t least = 0;
  uint32_t most = 1000000000;
};
Result<uint32_t> CountOf(const Option& option, const CountRange& range);

// What main returns, and says on stderr: 0; 2, what was asked for is wrong (kInvalidArgument); 1,
// it failed.
int ExitCode(const char* program, const Status& status);

}  // namespace chorus::perf
