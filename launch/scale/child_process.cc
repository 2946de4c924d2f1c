#include "launch/scale/child_process.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>
#include <thread>

#include "common/stop_signal.h"
#include "common/strings.h"

namespace chorus::launch {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPause{20};  // between two looks
constexpr double kGraceSeconds = 10;             // from SIGTERM to SIGKILL
constexpr size_t kShownBytes = 1500;             // of the output of a program that failed
constexpr int kNotStarted = 127;
constexpr int kFailsAgain = 3;  // codes up to this one

// In the child: its own group, so that it can be ended with all that it has started.
[[noreturn]] void Become(const std::vector<char*>& argv, int output) {
  ::setpgid(0, 0);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (nothing >= 0) ::dup2(nothing, STDIN_FILENO);
  ::execvp(argv[0], argv.data());
  ::_exit(kNotStarted);
}

// Whether it has ended within so many seconds, or a stop signal came (*stopped).
bool Ended(pid_t pid, double seconds, bool heeds_signals, int* status, bool* stopped) {
  const auto deadline = Clock::now() + std::chrono::duration<double>(seconds);
  while (true) {
    const pid_t ended = ::waitpid(pid, status, WNOHANG);
    if (ended == pid) return true;
    *stopped = heeds_signals && StopSignal() != 0;
    if (*stopped || Clock::now() > deadline) return false;
    std::this_thread::sleep_for(kPause);
  }
}

std::string EndOf(const std::string& path) {
  std::ifstream file(path);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  return text.substr(text.size() - std::min(text.size(), kShownBytes));
}

}  // namespace

Status RunProgram(const std::vector<std::string>& argv, const std::string& output, double seconds) {
  std::vector<std::string> own = argv;
  std::vector<char*> pointers;
  for (std::string& argument : own) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  const int file = ::open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return NotFound(StrCat(output, ": ", std::strerror(errno)));
  const pid_t pid = ::fork();
  if (pid == 0) Become(pointers, file);
  ::close(file);
  if (pid < 0) return ResourceExhausted(StrCat(argv[0], ": ", std::strerror(errno)));
  int status = 0;
  bool stopped = false;
  if (!Ended(pid, seconds, true, &status, &stopped)) {
    bool ignored = false;
    ::kill(-pid, SIGTERM);
    if (!Ended(pid, kGraceSeconds, false, &status, &ignored)) {
      ::kill(-pid, SIGKILL);
      ::waitpid(pid, &status, 0);
    }
    if (stopped) return Aborted(StrCat("stopped by ", SignalName(StopSignal())));
    return DeadlineExceeded(
        StrCat("ran longer than ", seconds, " s and was ended; its output is ", output));
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return Status::Ok();
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  if (code == kNotStarted) {
    return NotFound(StrCat(argv[0], ": cannot be started: is it in PATH?\n", EndOf(output)));
  }
  const std::string what =
      StrCat("exit code ", code, "; the end of ", output, ":\n", EndOf(output));
  // A job's exit codes (launch/README.md): these fail again.
  return code <= kFailsAgain ? FailedPrecondition(what) : Unavailable(what);
}

}  // namespace chorus::launch
