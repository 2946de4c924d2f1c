#include "launch/job/peer_ranks.h"

#include <fstream>
#include <iterator>
#include <map>
#include <vector>

#include "common/file.h"
#include "common/node_name.h"
#include "common/strings.h"
#include "launch/job/launcher.h"

namespace chorus::launch {
namespace {

// The variables that a launcher sets for each of its ranks: the rank's number, the number of ranks,
// and the job's name.
struct Launcher {
  const char* rank;
  const char* ranks;
  std::vector<const char*> job;
};

const std::vector<Launcher>& Launchers() {
  static const std::vector<Launcher> launchers = {
      {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", {"PMIX_NAMESPACE"}},
      {"PMIX_RANK", "SLURM_NTASKS", {"PMIX_NAMESPACE"}},
      {"SLURM_PROCID", "SLURM_STEP_NUM_TASKS", {"SLURM_JOB_ID", "SLURM_STEP_ID"}},
      {"PMI_RANK", "PMI_SIZE", {"PMI_FD"}},
  };
  return launchers;
}

const Launcher* OwnLauncher() {
  for (const Launcher& launcher : Launchers()) {
    if (!Environment()(launcher.rank).empty()) return &launcher;
  }
  return nullptr;
}

std::optional<uint32_t> Number(const std::string& text) {
  const std::optional<uint64_t> number = ParseUint64(text);
  if (!number.has_value()) return std::nullopt;
  return static_cast<uint32_t>(*number);
}

std::string Contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

// The rank that a process is in this process's job; nothing for any other.
std::optional<uint32_t> RankOf(const std::string& process, const Launcher& launcher) {
  std::map<std::string, std::string> variables;
  for (const std::string& variable : Split(Contents("/proc/" + process + "/environ"), '\0')) {
    const size_t equals = variable.find('=');
    if (equals != std::string::npos)
      variables[variable.substr(0, equals)] = variable.substr(equals + 1);
  }
  for (const char* name : launcher.job) {
    if (variables[name] != Environment()(name)) return std::nullopt;
  }
  return Number(variables[launcher.rank]);
}

// The state's letter of /proc/PID/stat; the name before it, in parentheses, may hold anything.
char StateOf(const std::string& process) {
  const std::string stat = Contents("/proc/" + process + "/stat");
  const size_t close = stat.rfind(')');
  return close == std::string::npos || close + 2 >= stat.size() ? '?' : stat[close + 2];
}

const char* Stuck(char state) {
  switch (state) {
    case 'T':
    case 't':
      return "is stopped";
    case 'D':
      return "waits for a disk";
    default:  // it runs, or sleeps as whoever waits does
      return nullptr;
  }
}

}  // namespace

std::optional<uint32_t> RankOfLauncher() {
  const Launcher* const launcher = OwnLauncher();
  return launcher == nullptr ? std::nullopt : Number(Environment()(launcher->rank));
}

std::optional<uint32_t> RanksOfLauncher() {
  const Launcher* const launcher = OwnLauncher();
  return launcher == nullptr ? std::nullopt : Number(Environment()(launcher->ranks));
}

std::string StuckRanksHere() {
  const Launcher* const launcher = OwnLauncher();
  const Result<std::vector<std::string>> processes = PosixFiles().List("/proc");
  if (launcher == nullptr || !processes.ok()) return "";
  std::map<uint32_t, std::string> stuck;
  for (const std::string& process : *processes) {
    if (!ParseUint64(process).has_value()) continue;
    const char* const how = Stuck(StateOf(process));
    if (how == nullptr) continue;
    if (const std::optional<uint32_t> rank = RankOf(process, *launcher)) {
      stuck[*rank] = StrCat("rank ", *rank, " (process ", process, " on ", NodeName(), ") ", how);
    }
  }
  std::vector<std::string> texts;
  for (const auto& [rank, text] : stuck) texts.push_back(text);
  return Join(texts, ", ");
}

}  // namespace chorus::launch
