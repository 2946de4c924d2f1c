#pragma once
// A process that this one starts and waits for: a launcher with the ranks of a job.
// Thread safety: one thread, and Start where the process has no other.

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/status.h"

namespace chorus::launch {

class ChildProcess {
 public:
  // Starts argv[0], looked up in PATH, in a group of its own and without standard input; SIGTERM is
  // what it gets when this process ends. output: the file, made anew, that its standard output and
  // error go to; "" = those of this process. Errors: kNotFound, the program or the folder of
  // `output`; kResourceExhausted, no process is to be had.
  static Result<std::unique_ptr<ChildProcess>> Start(const std::vector<std::string>& argv,
                                                     const std::string& output);
  ~ChildProcess();  // End
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // The exit code, 128 + the number of the signal that ended it, or nothing: it still runs.
  std::optional<int> Poll();
  std::optional<int> Wait(double seconds);
  void Signal(int signal);  // to the process, not to its group
  // If it still runs, ends it and what it has started in its group: SIGTERM, and SIGKILL after ten
  // seconds.
  void End();

  // Whether a process of this name, of at most 15 characters, is its child.
  bool HasChild(const std::string& name) const;

 private:
  explicit ChildProcess(pid_t pid) : pid_(pid) {}

  const pid_t pid_;
  std::optional<int> exit_;
};

}  // namespace chorus::launch
