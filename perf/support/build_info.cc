#include "perf/support/build_info.h"

#include <array>
#include <cstdio>

#include "common/cores.h"
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

}  // namespace

std::string BuildInfoJson() {
  return StrCat("\"commit\":\"",
                FirstLineOf("git -C '" CHORUS_SOURCE_DIR "' describe --always --dirty 2>/dev/null"),
                "\",\"compiler\":\"g++ " __VERSION__ "\",\"flags\":\"" CHORUS_FLAGS "\",\"cpu\":\"",
                CpuModel(), "\",\"cores\":", AllowedCores().size());
}

}  // namespace chorus::perf
