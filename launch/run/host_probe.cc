#include "launch/run/host_probe.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <optional>

#include "common/file.h"
#include "common/log.h"
#include "common/stop_signal.h"
#include "common/strings.h"
#include "launch/job/child_process.h"

namespace chorus::launch {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kProbeSeconds = 30;   // for a host to start a program
constexpr double kSliceSeconds = 0.1;  // between two looks for a signal
constexpr size_t kShownBytes = 400;    // of a launcher's output

// One host that is asked. The launcher's output is in a temporary file.
struct Probe {
  std::string output;
  std::unique_ptr<ChildProcess> launcher;
};

std::string TemporaryFile() {
  const char* const folder = std::getenv("TMPDIR");
  std::string path = JoinPath(folder == nullptr ? "/tmp" : folder, "chorus-probe-XXXXXX");
  const int fd = mkstemp(path.data());
  if (fd < 0) return "/dev/null";
  close(fd);
  return path;
}

// The launcher's words in one line, without the blanks and rulers that launchers print around them.
std::string SaidIn(const std::string& output) {
  const Result<std::string> text = ReadWholeFile(PosixFiles(), output);
  std::vector<std::string> lines;
  for (const std::string& line : Split(text.ok() ? *text : "", '\n')) {
    const std::string_view told = Trim(line);
    if (told.find_first_not_of('-') != std::string_view::npos) lines.emplace_back(told);
  }
  const std::string all = Join(lines, " ");
  return all.size() <= kShownBytes ? all : StrCat(all.substr(0, kShownBytes), " ...");
}

std::optional<int> WaitFor(ChildProcess* launcher, Clock::time_point end) {
  while (Clock::now() < end && StopSignal() == 0) {
    if (const std::optional<int> code = launcher->Wait(kSliceSeconds); code.has_value())
      return code;
  }
  return launcher->Poll();
}

void WarnOf(const Host& host, std::optional<int> code, const std::string& said) {
  const std::string how = code.has_value()
                              ? StrCat("fails (exit code ", *code, ")")
                              : StrCat("takes longer than ", kProbeSeconds, " seconds");
  LogWarning(host.name, " is left out: to start a program there ", how, said.empty() ? "" : ": ",
             said);
}

}  // namespace

std::vector<std::string> LauncherWords(const std::vector<std::string>& launcher,
                                       std::span<const Host> hosts, uint32_t ranks) {
  std::vector<std::string> words = launcher;
  if (!hosts.empty()) words.insert(words.end(), {"--host", HostOption(hosts)});
  words.insert(words.end(), {"-n", StrCat(ranks)});
  return words;
}

Result<std::vector<Host>> HostsThatAnswer(const std::vector<std::string>& launcher,
                                          std::span<const Host> hosts) {
  std::vector<Probe> probes;
  for (const Host& host : hosts) {
    std::vector<std::string> words = LauncherWords(launcher, std::span(&host, 1), 1);
    words.emplace_back("true");
    Probe& probe = probes.emplace_back();
    probe.output = TemporaryFile();
    ASSIGN_OR_RETURN(probe.launcher, ChildProcess::Start(words, probe.output));
  }
  std::vector<Host> answering;
  std::vector<std::optional<int>> codes;
  const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                      std::chrono::duration<double>(kProbeSeconds));
  for (const Probe& probe : probes) codes.push_back(WaitFor(probe.launcher.get(), end));
  for (const Probe& probe : probes) probe.launcher->Signal(SIGTERM);  // all end at the same time
  for (size_t i = 0; i < probes.size(); ++i) {
    probes[i].launcher->End();
    if (codes[i] == 0) answering.push_back(hosts[i]);
    if (codes[i] != 0 && StopSignal() == 0) WarnOf(hosts[i], codes[i], SaidIn(probes[i].output));
    if (probes[i].output != "/dev/null") unlink(probes[i].output.c_str());
  }
  return answering;
}

}  // namespace chorus::launch
