#pragma once
// Child processes of a test, mpirun jobs above all: start, capture, wait with a deadline, kill one
// rank. Thread safety: one thread.

#include <sys/types.h>

#include <csignal>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace chorus::test {

class Process {
 public:
  // Starts program argv[0] (looked up in PATH) with this environment added ("NAME=value"). The test
  // dies when it cannot be started.
  explicit Process(const std::vector<std::string>& argv,
                   const std::vector<std::string>& environment = {});
  ~Process();  // ends what still runs (SIGTERM, then SIGKILL)
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // The exit code, 128 + signal for a process that a signal ended, nothing when it still runs after
  // `seconds`.
  std::optional<int> Wait(double seconds);
  void Kill(int signal);

  // What it has written up to now.
  std::string Output() const;  // standard output
  std::string Errors() const;  // standard error
  // True when the text is in output or errors within `seconds`; a process that has ended without it
  // ends the wait.
  bool WaitForText(const std::string& text, double seconds);

  // Sends a signal to rank `rank` of the mpirun job that this process is or has started; false when
  // no such rank shows up within `seconds`.
  bool KillRank(uint32_t rank, double seconds, int signal = SIGKILL);

 private:
  pid_t pid_ = -1;
  int output_ = -1;  // memory files
  int errors_ = -1;
  std::optional<int> exit_;
};

// The port of a server that writes a line "listening at N" to its output; "" when it ends without
// one, or none comes within `seconds`.
std::string PortOf(Process* server, double seconds);

// A command of mpirun that works on any machine of a test: as root, with more ranks than cores,
// unbound.
std::vector<std::string> Mpirun(uint32_t ranks, const std::vector<std::string>& command);
// Several programs as one job: "-n r0 command0 : -n r1 command1".
std::vector<std::string> MpirunMany(
    const std::vector<std::pair<uint32_t, std::vector<std::string>>>& parts);
const std::vector<std::string>& MpirunEnvironment();

// Runs to the end. code: as Process::Wait; -1 after the deadline, when the process is killed.
struct Finished {
  int code = -1;
  std::string output;
  std::string errors;
};
Finished RunProcess(const std::vector<std::string>& argv, double seconds,
                    const std::vector<std::string>& environment = {});
Finished RunMpirun(uint32_t ranks, const std::vector<std::string>& command, double seconds);

}  // namespace chorus::test
