#include "common/process_name.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "common/node_name.h"
#include "common/strings.h"
#include "common/utc_text.h"

namespace chorus {
namespace {

std::string CommandLine() {
  constexpr size_t kLongest = 300;
  char text[kLongest];
  const int file = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
  const ssize_t bytes = file < 0 ? 0 : read(file, text, sizeof(text));
  if (file >= 0) close(file);
  std::string command(text, static_cast<size_t>(std::max<ssize_t>(bytes, 0)));
  while (!command.empty() && command.back() == '\0') command.pop_back();
  std::replace_if(
      command.begin(), command.end(), [](char c) { return c == '\0' || c == '\n'; }, ' ');
  return command;
}

}  // namespace

std::string UtcNow() {
  using Clock = std::chrono::system_clock;
  return UtcText(Clock::to_time_t(Clock::now())) + " UTC";
}

std::string ProcessName() {
  return StrCat("process ", getpid(), " on ", NodeName(), " since ", UtcNow(), " (", CommandLine(),
                ")");
}

}  // namespace chorus
