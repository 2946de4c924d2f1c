#include "launch/job/binding.h"

#include <algorithm>
#include <optional>
#include <set>

#include "common/cores.h"
#include "common/log.h"
#include "common/strings.h"
#include "launch/job/launcher.h"

namespace chorus::launch {

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

std::string TextOf(const CoreShare& share) {
  std::vector<std::string> numbers = {StrCat(share.threads)};
  for (const uint32_t core : share.cores) numbers.push_back(StrCat(core));
  return Join(numbers, " ");
}

Result<CoreShare> CoreShareOf(const std::string& text) {
  CoreShare share;
  std::vector<uint32_t> numbers;
  for (const std::string& number : Split(text, ' ')) {
    const std::optional<uint64_t> parsed = ParseUint64(number);
    if (!parsed.has_value()) return Internal("a rank's cores did not arrive");
    numbers.push_back(static_cast<uint32_t>(*parsed));
  }
  share.threads = numbers.front();
  share.cores.assign(numbers.begin() + 1, numbers.end());
  return share;
}

std::string SharedCoresWarning(const std::vector<CoreShare>& shares, const std::string& node) {
  std::set<uint32_t> cores;
  size_t threads = 0;
  for (const CoreShare& share : shares) {
    cores.insert(share.cores.begin(), share.cores.end());
    threads += share.wanted();
  }
  if (shares.size() < 2 || cores.empty() || threads <= cores.size()) return "";
  const size_t fair = std::max<size_t>(1, cores.size() / shares.size());
  return StrCat("the ", shares.size(), " ranks on ", node, " run ", threads, " threads on ",
                cores.size(), cores.size() == 1 ? " core (" : " cores (",
                FormatCores({cores.begin(), cores.end()}), "): ",
                threads > shares.size() ? StrCat("set compute.threads=", fair)
                                        : "start fewer ranks here, or give them more cores");
}

std::string LoneCoreWarning(const CoreShare& share, uint32_t machine_cores, uint32_t ranks) {
  if (share.threads > 0 || share.cores.size() != 1 || machine_cores <= ranks) return "";
  return StrCat("bound to 1 of ", machine_cores, " cores (", FormatCores(share.cores),
                "), and so computes with one thread: mpirun binds up to two ranks to a core each; "
                "`mpirun --bind-to none` gives them all cores, compute.threads=1 wants it so");
}

void ReportBinding(const CoreShare& share) {
  const uint32_t machine_cores = MachineCores();
  LogInfo("runs ", share.wanted(), " threads on cores ", FormatCores(share.cores), " of ",
          machine_cores);
  std::string warning = BindingWarning(share.cores, machine_cores, share.wanted());
  // Slurm and others bind only when they are told to; mpirun does it by itself.
  const std::optional<uint64_t> ranks = ParseUint64(Environment()("OMPI_COMM_WORLD_LOCAL_SIZE"));
  if (warning.empty() && ranks.has_value()) {
    warning = LoneCoreWarning(share, machine_cores, static_cast<uint32_t>(*ranks));
  }
  if (!warning.empty()) LogWarning(warning);
}

}  // namespace chorus::launch
