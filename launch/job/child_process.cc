#include "launch/job/child_process.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <thread>

#include "common/strings.h"

namespace chorus::launch {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kUnknownCode = 255;  // somebody else has waited for the process

struct Descriptor {
  explicit Descriptor(int number) : fd(number) {}
  ~Descriptor() {
    if (fd >= 0) close(fd);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  const int fd;
};

// In the child: becomes the program, or returns with errno.
void BecomeProgram(char* const* argv, int output) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  for (const int signal : {SIGTERM, SIGINT, SIGUSR1, SIGXFSZ}) std::signal(signal, SIG_DFL);
  const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (null < 0) return;
  dup2(null, STDIN_FILENO);
  if (output >= 0) {
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
  }
  execvp(argv[0], argv);
}

// The parent and the name of a process; 0 where there is none.
pid_t ParentOf(const std::string& pid, std::string* name) {
  // "12 (name) S 34 ...": the name may hold anything, also blanks and brackets.
  std::ifstream stat(StrCat("/proc/", pid, "/stat"));
  std::string line;
  if (!std::getline(stat, line)) return 0;
  const size_t open = line.find('('), close = line.rfind(')');
  if (open == std::string::npos || close == std::string::npos || close + 4 > line.size()) return 0;
  *name = line.substr(open + 1, close - open - 1);
  const std::string rest = line.substr(close + 4);
  const std::optional<int64_t> parent = ParseInt64(rest.substr(0, rest.find(' ')));
  return static_cast<pid_t>(parent.value_or(0));
}

}  // namespace

Result<std::unique_ptr<ChildProcess>> ChildProcess::Start(const std::vector<std::string>& argv,
                                                          const std::string& output) {
  // A process that ignores SIGCHLD gets no exit codes; a shell's `trap "" CHLD` is inherited.
  std::signal(SIGCHLD, SIG_DFL);
  std::vector<char*> words;
  for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  const Descriptor file(
      output.empty() ? -1 : open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!output.empty() && file.fd < 0) return NotFound(StrCat(output, ": ", std::strerror(errno)));
  int ends[2];  // closed by the program's start; before it, takes errno
  if (pipe2(ends, O_CLOEXEC) != 0) {
    return ResourceExhausted(StrCat("no pipe for ", argv[0], ": ", std::strerror(errno)));
  }
  const Descriptor failure(ends[0]);
  const pid_t pid = fork();
  if (pid == 0) {
    BecomeProgram(words.data(), file.fd);
    const int error = errno;
    [[maybe_unused]] const ssize_t written = write(ends[1], &error, sizeof(error));
    _exit(127);
  }
  const int fork_error = errno;
  close(ends[1]);
  if (pid < 0) {
    return ResourceExhausted(StrCat("no process for ", argv[0], ": ", std::strerror(fork_error)));
  }
  int error = 0;
  if (read(failure.fd, &error, sizeof(error)) <= 0) {
    return std::unique_ptr<ChildProcess>(new ChildProcess(pid));
  }
  waitpid(pid, nullptr, 0);
  return NotFound(StrCat(argv[0], " cannot be started: ", std::strerror(error)));
}

ChildProcess::~ChildProcess() { End(); }

void ChildProcess::End() {
  constexpr double kGraceSeconds = 10;
  if (Poll().has_value()) return;
  kill(-pid_, SIGTERM);
  if (Wait(kGraceSeconds).has_value()) return;
  kill(-pid_, SIGKILL);
  while (!Poll().has_value()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

std::optional<int> ChildProcess::Poll() {
  if (exit_.has_value()) return exit_;
  int status = 0;
  const pid_t ended = waitpid(pid_, &status, WNOHANG);
  if (ended == 0 || (ended < 0 && errno == EINTR)) return std::nullopt;
  if (ended < 0) {
    exit_ = kUnknownCode;
    return exit_;
  }
  exit_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return exit_;
}

std::optional<int> ChildProcess::Wait(double seconds) {
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  while (!Poll().has_value() && Clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return Poll();
}

void ChildProcess::Signal(int signal) {
  if (!Poll().has_value()) kill(pid_, signal);
}

bool ChildProcess::HasChild(const std::string& name) const {
  DIR* const processes = opendir("/proc");
  if (processes == nullptr) return false;
  bool found = false;
  while (const dirent* entry = found ? nullptr : readdir(processes)) {
    std::string of;
    if (ParseUint64(entry->d_name).has_value() && ParentOf(entry->d_name, &of) == pid_) {
      found = of == name;
    }
  }
  closedir(processes);
  return found;
}

}  // namespace chorus::launch
