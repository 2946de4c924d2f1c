#include "launch/job/usual_launcher.h"

#include <unistd.h>

#include <array>

#include "common/strings.h"

namespace chorus::launch {

std::vector<std::string> UsualLauncher() {
  std::vector<std::string> launcher = {"mpirun", "--bind-to", "none", "--oversubscribe"};
  if (geteuid() == 0) launcher.emplace_back("--allow-run-as-root");
  return launcher;
}

std::vector<std::string> LauncherOf(const std::string& text) {
  std::vector<std::string> words;
  for (const std::string& word : Split(text, ' ')) {
    if (!word.empty()) words.push_back(word);
  }
  return words;
}

Result<std::string> OwnProgram() {
  std::array<char, 4096> path;
  const ssize_t bytes = readlink("/proc/self/exe", path.data(), path.size());
  if (bytes <= 0) return NotFound("/proc/self/exe does not say where this program is");
  return std::string(path.data(), static_cast<size_t>(bytes));
}

}  // namespace chorus::launch
