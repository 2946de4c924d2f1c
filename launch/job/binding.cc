#include "launch/job/binding.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>

#include "common/log.h"
#include "common/strings.h"

namespace chorus::launch {

std::vector<uint32_t> AllowedCores() {
  std::vector<uint32_t> cores;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return cores;
  for (uint32_t core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(core, &set)) cores.push_back(core);
  }
  return cores;
}

std::string FormatCores(const std::vector<uint32_t>& cores) {
  std::vector<std::string> parts;
  for (size_t i = 0; i < cores.size();) {
    size_t last = i;
    while (last + 1 < cores.size() && cores[last + 1] == cores[last] + 1) ++last;
    parts.push_back(last == i ? StrCat(cores[i]) : StrCat(cores[i], "-", cores[last]));
    i = last + 1;
  }
  return Join(parts, ",");
}

std::string BindingWarning(const std::vector<uint32_t>& cores, uint32_t machine_cores,
                           uint32_t threads) {
  const size_t wanted = std::min(threads, machine_cores);
  if (cores.empty() || cores.size() >= wanted) return "";
  return StrCat("bound to ", cores.size(), " of ", machine_cores, " cores (", FormatCores(cores),
                ") but set to run ", threads,
                " threads: start it with `mpirun --bind-to none`, or set compute.threads");
}

void ReportBinding(uint32_t threads) {
  const std::vector<uint32_t> cores = AllowedCores();
  const long online = sysconf(_SC_NPROCESSORS_ONLN);
  const auto machine_cores = static_cast<uint32_t>(online > 0 ? online : 1);
  LogInfo("runs ", threads, " threads on cores ", FormatCores(cores), " of ", machine_cores);
  const std::string warning = BindingWarning(cores, machine_cores, threads);
  if (!warning.empty()) LogWarning(warning);
}

}  // namespace chorus::launch
