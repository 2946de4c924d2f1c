#include "launch/scale/run_program.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>

#include "common/stop_signal.h"
#include "common/strings.h"
#include "launch/job/child_process.h"
#include "launch/job/exit_code.h"

namespace chorus::launch {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kPauseSeconds = 0.1;  // between two looks for a signal
constexpr size_t kShownBytes = 1500;   // of the output of a program that failed

std::string EndOf(const std::string& path) {
  std::ifstream file(path);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  return text.substr(text.size() - std::min(text.size(), kShownBytes));
}

}  // namespace

Status RunProgram(const std::vector<std::string>& argv, const std::string& output, double seconds) {
  ASSIGN_OR_RETURN(const std::unique_ptr<ChildProcess> program, ChildProcess::Start(argv, output));
  const auto deadline = Clock::now() + std::chrono::duration<double>(seconds);
  std::optional<int> code;
  while (!(code = program->Wait(kPauseSeconds)).has_value()) {
    if (StopSignal() == 0 && Clock::now() < deadline) continue;
    program->End();
    if (StopSignal() != 0) return Aborted(StrCat("stopped by ", SignalName(StopSignal())));
    return DeadlineExceeded(
        StrCat("ran longer than ", seconds, " s and was ended; its output is ", output));
  }
  if (*code == 0) return Status::Ok();
  const std::string what =
      StrCat("exit code ", *code, "; the end of ", output, ":\n", EndOf(output));
  return WouldComeAgain(*code) ? FailedPrecondition(what) : Unavailable(what);
}

}  // namespace chorus::launch
