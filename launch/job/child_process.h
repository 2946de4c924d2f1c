#pragma once
// A process that this one starts and waits for: a launcher with the ranks of a job.
// Thread safety: one thread; Start only while the process has no other thread.

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/status.h"

namespace chorus::launch {

class ChildProcess {
 public:
  // Starts argv[0], looked up in PATH, in a process group of its own and without standard input; it
  // gets SIGTERM when this process ends. output: the file, made anew, for its standard output and
  // error; "" = those of this process. Errors: kNotFound when the program or the folder of `output`
  // is missing; kResourceExhausted when the system gives no process.
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

  // Whether the process has a child of this name, which has at most 15 characters.
  bool HasChild(const std::string& name) const;

 private:
  explicit ChildProcess(pid_t pid) : pid_(pid) {}

  const pid_t pid_;
  std::optional<int> exit_;
};

}  // namespace chorus::launch
