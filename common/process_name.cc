#include "common/process_name.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <ctime>

#include "common/node_name.h"
#include "common/strings.h"

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
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm utc = {};
  gmtime_r(&now, &utc);
  char text[40] = "";
  std::strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &utc);
  return text;
}

std::string ProcessName() {
  return StrCat("process ", getpid(), " on ", NodeName(), " since ", UtcNow(), " (", CommandLine(),
                ")");
}

}  // namespace chorus
