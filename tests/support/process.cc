#include "tests/support/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string_view>
#include <thread>
#include <utility>

#include "common/check.h"
#include "common/strings.h"

namespace chorus::test {
namespace {

using Clock = std::chrono::steady_clock;

// Polls until `done` is true or `seconds` have passed. Returns whether it became true.
template <typename Done>
bool Poll(double seconds, Done done) {
  const auto start = Clock::now();
  while (!done()) {
    if (std::chrono::duration<double>(Clock::now() - start).count() > seconds) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

std::string ReadWhole(int file) {
  std::string text;
  char buffer[65536];
  ssize_t got = 0;
  while ((got = pread(file, buffer, sizeof(buffer), static_cast<off_t>(text.size()))) > 0) {
    text.append(buffer, static_cast<size_t>(got));
  }
  return text;
}

std::string ReadProc(pid_t pid, const char* name) {
  std::ifstream in(StrCat("/proc/", pid, "/", name), std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// The fourth field of /proc/pid/stat; the second, in parentheses, may hold blanks.
pid_t ParentOf(pid_t pid) {
  const std::string stat = ReadProc(pid, "stat");
  const size_t close = stat.rfind(')');
  if (close == std::string::npos) return -1;
  const std::vector<std::string> fields = Split(std::string_view(stat).substr(close + 2), ' ');
  return fields.size() < 2 ? -1 : static_cast<pid_t>(ParseInt64(fields[1]).value_or(-1));
}

// The child of mpirun, or of an mpirun that is a child, that Open MPI gave this rank.
pid_t FindRank(pid_t mpirun, uint32_t rank) {
  const std::string wanted = StrCat("OMPI_COMM_WORLD_RANK=", rank);
  DIR* proc = opendir("/proc");
  pid_t found = -1;
  while (const dirent* entry = proc == nullptr ? nullptr : readdir(proc)) {
    const pid_t pid = static_cast<pid_t>(ParseInt64(entry->d_name).value_or(-1));
    if (pid <= 0 || (ParentOf(pid) != mpirun && ParentOf(ParentOf(pid)) != mpirun)) continue;
    for (const std::string& variable : Split(ReadProc(pid, "environ"), '\0')) {
      if (variable == wanted) found = pid;
    }
  }
  if (proc != nullptr) closedir(proc);
  return found;
}

}  // namespace

Process::Process(const std::vector<std::string>& argv,
                 const std::vector<std::string>& environment) {
  output_ = memfd_create("output", MFD_CLOEXEC);
  errors_ = memfd_create("errors", MFD_CLOEXEC);
  CHECK(output_ >= 0 && errors_ >= 0 && !argv.empty());
  std::vector<char*> arguments;
  for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  std::vector<char*> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) variables.push_back(*variable);
  for (const std::string& variable : environment) {
    variables.push_back(const_cast<char*>(variable.c_str()));
  }
  variables.push_back(nullptr);
  pid_ = fork();
  CHECK(pid_ >= 0, "fork failed");
  if (pid_ == 0) {
    dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
    dup2(output_, STDOUT_FILENO);
    dup2(errors_, STDERR_FILENO);
    execvpe(arguments[0], arguments.data(), variables.data());
    _exit(127);
  }
}

Process::~Process() {
  if (!exit_.has_value()) {
    Kill(SIGTERM);  // mpirun passes it on to its ranks
    if (!Wait(5).has_value()) {
      Kill(SIGKILL);
      Wait(5);
    }
  }
  close(output_);
  close(errors_);
}

std::optional<int> Process::Wait(double seconds) {
  Poll(seconds, [&] {
    if (exit_.has_value()) return true;
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) != pid_) return false;
    exit_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return true;
  });
  return exit_;
}

void Process::Kill(int signal) {
  if (!exit_.has_value()) kill(pid_, signal);
}

std::string Process::Output() const { return ReadWhole(output_); }
std::string Process::Errors() const { return ReadWhole(errors_); }

bool Process::WaitForText(const std::string& text, double seconds) {
  bool found = false;
  Poll(seconds, [&] {
    const bool ended = Wait(0).has_value();  // before the look at what it has written
    found = Output().find(text) != std::string::npos || Errors().find(text) != std::string::npos;
    return found || ended;
  });
  return found;
}

bool Process::KillRank(uint32_t rank, double seconds, int signal) {
  pid_t found = -1;
  Poll(seconds, [&] { return (found = FindRank(pid_, rank)) > 0 || Wait(0).has_value(); });
  return found > 0 && kill(found, signal) == 0;
}

std::string PortOf(Process* server, double seconds) {
  std::string port;
  Poll(seconds, [&] {
    constexpr std::string_view kBefore = "listening at ";
    const bool ended = server->Wait(0).has_value();
    const std::vector<std::string> lines = Split(server->Output(), '\n');
    for (size_t i = 0; i + 1 < lines.size(); ++i) {  // the last one has no end yet
      if (lines[i].starts_with(kBefore)) port = lines[i].substr(kBefore.size());
    }
    return !port.empty() || ended;
  });
  return port;
}

std::vector<std::string> Mpirun(uint32_t ranks, const std::vector<std::string>& command) {
  return MpirunMany({{ranks, command}});
}

std::vector<std::string> MpirunMany(
    const std::vector<std::pair<uint32_t, std::vector<std::string>>>& parts) {
  std::vector<std::string> argv = {"mpirun", "--oversubscribe", "--bind-to", "none"};
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) argv.push_back(":");
    argv.push_back("-n");
    argv.push_back(StrCat(parts[i].first));
    argv.insert(argv.end(), parts[i].second.begin(), parts[i].second.end());
  }
  return argv;
}

const std::vector<std::string>& MpirunEnvironment() {
  static const std::vector<std::string> environment = {
      "OMPI_ALLOW_RUN_AS_ROOT=1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1", "ASAN_OPTIONS=detect_leaks=0",
      "TSAN_OPTIONS=suppressions='" TSAN_SUPPRESSIONS "'"};
  return environment;
}

Finished RunProcess(const std::vector<std::string>& argv, double seconds,
                    const std::vector<std::string>& environment) {
  Process process(argv, environment);
  Finished finished;
  finished.code = process.Wait(seconds).value_or(-1);
  finished.output = process.Output();
  finished.errors = process.Errors();
  return finished;
}

Finished RunMpirun(uint32_t ranks, const std::vector<std::string>& command, double seconds) {
  return RunProcess(Mpirun(ranks, command), seconds, MpirunEnvironment());
}

}  // namespace chorus::test
