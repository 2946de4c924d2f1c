// The program. Exit code 0 when the command succeeded, 1 when it failed and would fail again (the
// reason once, on standard error), 2 when the command line is wrong, 3 when runs of `compare`
// failed and its tables are of the others, 69 when a rank, host or network was lost and another try
// may succeed, 75 when a signal stopped `train` and --resume goes on, or
// `import --follow`, 128 and the signal's number when it ended another command that makes an output
// (common/unfinished_output.h).

#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "common/shortage.h"
#include "common/stop_signal.h"
#include "launch/command_line.h"
#include "launch/job/exit_code.h"

namespace chorus::launch {
namespace {

constexpr int kSomeRunsFailed = 3;

// As many open files as the system lets this process have, since a log may be thousands of files
// and a server has a connection for each worker: the soft limit, often 1024, is there for programs
// that use select(). Not more than a million, as some containers have no limit at all.
void RaiseOpenFiles() {
  constexpr rlim_t kEnough = rlim_t{1} << 20;
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlim_t wanted = std::min(limit.rlim_max, kEnough);
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = wanted;
  setrlimit(RLIMIT_NOFILE, &limit);  // fails without harm
}

// Whether all output has been written: a full disk under standard output is no success. A terminal
// that was closed takes nothing, and a run that it stopped has saved what counts.
Status FlushOutput() {
  if (StopSignal() == SIGHUP) return Status::Ok();
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return Status::Ok();
  return Internal("standard output cannot be written: what is there is incomplete");
}

Status Run(const CommandLine& line) {
  try {
    RETURN_IF_ERROR(line.run());
  } catch (const std::exception& error) {
    return StatusOfException(error);
  }
  return FlushOutput();
}

int Main(int argc, char** argv) {
  CommandOutcome outcome;
  const CommandLine line = ParseCommandLine(argc, argv, &outcome);
  if (line.exit_code.has_value()) return *line.exit_code;
  const Status status = Run(line);
  if (status.ok() && outcome.some_runs_failed) return kSomeRunsFailed;
  if (status.ok() && outcome.found_wrong) return kExitFailure;
  if (status.ok() && outcome.job_exit_code != 0) return outcome.job_exit_code;
  if (status.ok()) return outcome.stopped_by_signal ? kExitStoppedBySignal : 0;
  std::fprintf(stderr, "chorus %s: %s\n", line.command.c_str(), status.ToString().c_str());
  // The libraries' work at the end of a program may wait for a device that hangs.
  std::fflush(nullptr);
  std::_Exit(ExitCodeOf(status));
}

}  // namespace
}  // namespace chorus::launch

int main(int argc, char** argv) {
  chorus::launch::RaiseOpenFiles();
  std::signal(SIGXFSZ, SIG_IGN);  // a file above ulimit -f is an error of its write
  return chorus::launch::Main(argc, argv);
}
