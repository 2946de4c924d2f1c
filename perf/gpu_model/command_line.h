#pragma once
// Command lines of programs that model or measure: pairs of an option and its value. An error says
// what is wrong, and what is allowed. Thread safety: functions of their arguments.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "common/status.h"

namespace chorus::perf {

using Option = std::pair<std::string, std::string>;  // "--name", value

// Whether --help or -h is among them.
bool AsksForHelp(const std::vector<std::string>& arguments);
// Error of these functions: kInvalidArgument.
Result<std::vector<Option>> OptionsOf(const std::vector<std::string>& arguments);
Status UnknownOption(const std::string& name);

struct CountRange {
  uint32_t least = 0;
  uint32_t most = 1000000000;
};
Result<uint32_t> CountOf(const Option& option, const CountRange& range);

// What main returns, after it has printed an error to stderr: 0; 2 where the request was wrong
// (kInvalidArgument); 1 where it failed.
int ExitCode(const char* program, const Status& status);

}  // namespace chorus::perf
