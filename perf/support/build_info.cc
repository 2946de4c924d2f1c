#include "perf/support/build_info.h"

#include <sched.h>

#include <array>
#include <cstdio>
#include <fstream>

#include "common/strings.h"

namespace chorus::perf {
namespace {

std::string FirstLineOf(const char* command) {
  std::array<char, 256> line{};
  std::FILE* const pipe = popen(command, "r");
  if (pipe == nullptr) return "unknown";
  const bool read = std::fgets(line.data(), line.size(), pipe) != nullptr;
  pclose(pipe);
  std::string text = read ? line.data() : "unknown";
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

std::string CpuName() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    const size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

int UsableCores() {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 0;
}

}  // namespace

std::string BuildInfoJson() {
  return StrCat("\"commit\":\"",
                FirstLineOf("git -C '" CHORUS_SOURCE_DIR "' describe --always --dirty 2>/dev/null"),
                "\",\"compiler\":\"g++ " __VERSION__ "\",\"flags\":\"" CHORUS_FLAGS "\",\"cpu\":\"",
                CpuName(), "\",\"cores\":", UsableCores());
}

}  // namespace chorus::perf
