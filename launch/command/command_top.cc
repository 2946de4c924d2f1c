// `chorus top`: a run while it goes on.

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <thread>

#include "common/file.h"
#include "launch/command/commands.h"
#include "launch/watch/run_watch.h"

namespace chorus::launch {
namespace {

constexpr double kTerminalSeconds = 1;
constexpr double kPlainSeconds = 10;

// Moves the cursor to the upper left corner, and wipes everything below it.
constexpr char kWipe[] = "\x1b[H\x1b[J";

}  // namespace

Status RunTop(const TopArguments& arguments) {
  if (arguments.job.empty() && arguments.prometheus.empty()) {
    return InvalidArgument(
        "nothing to watch; give a job's metrics.jsonl or configuration, or "
        "--prometheus HOST:PORT,...");
  }
  ASSIGN_OR_RETURN(WatchedRun run, FindRun(PosixFiles(), arguments.job, arguments.prometheus));
  RunWatch watch(PosixFiles(), std::move(run));
  const bool redraws = !arguments.once && isatty(STDOUT_FILENO) != 0;
  const double seconds = arguments.interval_seconds > 0 ? arguments.interval_seconds
                         : redraws                      ? kTerminalSeconds
                                                        : kPlainSeconds;
  for (bool first = true;; first = false) {
    const Result<RunView> view = watch.Look();
    const bool waits = !arguments.once && view.status().code() == Code::kUnavailable;
    if (!view.ok() && !waits) return view.status();
    const std::string text = view.ok() ? RunText(*view) : view.status().message() + "\n";
    std::printf("%s%s%s", redraws ? kWipe : "", !redraws && !first ? "\n" : "", text.c_str());
    if (std::fflush(stdout) != 0 || arguments.once) return Status::Ok();
    if (view.ok() && !view->ended.empty()) return Status::Ok();
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  }
}

}  // namespace chorus::launch
