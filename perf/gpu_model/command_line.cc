#include "perf/gpu_model/command_line.h"

#include <algorithm>
#include <cstdio>
#include <optional>

#include "common/strings.h"

namespace chorus::perf {

bool AsksForHelp(const std::vector<std::string>& arguments) {
  return std::any_of(arguments.begin(), arguments.end(), [](const std::string& argument) {
    return argument == "--help" || argument == "-h";
  });
}

Result<std::vector<Option>> OptionsOf(const std::vector<std::string>& arguments) {
  std::vector<Option> options;
  for (size_t i = 0; i < arguments.size(); i += 2) {
    if (!arguments[i].starts_with("--")) return UnknownOption(arguments[i]);
    if (i + 1 == arguments.size()) {
      return InvalidArgument(StrCat(arguments[i], ": it needs a value; --help lists options"));
    }
    options.emplace_back(arguments[i], arguments[i + 1]);
  }
  return options;
}

Status UnknownOption(const std::string& name) {
  return InvalidArgument(StrCat(name, ": no such option; --help lists options"));
}

Result<uint32_t> CountOf(const Option& option, const CountRange& range) {
  const std::optional<int64_t> number = ParseInt64(option.second);
  if (number.has_value() && *number >= range.least && *number <= range.most) {
    return static_cast<uint32_t>(*number);
  }
  return InvalidArgument(
      StrCat(option.first, " ", option.second, ": allowed are ", range.least, " to ", range.most));
}

int ExitCode(const char* program, const Status& status) {
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s: %s\n", program, status.ToString().c_str());
  return status.code() == Code::kInvalidArgument ? 2 : 1;
}

}  // namespace chorus::perf
