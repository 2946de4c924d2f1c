#include "launch/doctor/host_facts.h"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <map>

#include "common/build_id.h"
#include "common/cores.h"
#include "common/host_address.h"
#include "common/node_name.h"
#include "common/strings.h"
#include "launch/job/bridges.h"

namespace chorus::launch {
namespace {

// A field of /proc/meminfo, in MB.
std::map<std::string, uint64_t> MemoryInfo() {
  std::map<std::string, uint64_t> info;
  std::ifstream file("/proc/meminfo");
  std::string name, unit;
  for (uint64_t kb = 0; file >> name >> kb; std::getline(file, unit)) info[name] = kb >> 10;
  return info;
}

// The smaller of the machine's memory and the container's limit (cgroup v2, then v1), in MB.
uint64_t WithinContainer(uint64_t machine_mb) {
  for (const char* path :
       {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    std::ifstream file(path);
    if (uint64_t bytes = 0; file >> bytes) return std::min(machine_mb, bytes >> 20);
  }
  return machine_mb;
}

// "madvise" of "always [madvise] never".
std::string HugePages() {
  std::ifstream file("/sys/kernel/mm/transparent_hugepage/enabled");
  for (std::string word; file >> word;) {
    if (word.front() == '[') return word.substr(1, word.size() - 2);
  }
  return "";
}

uint64_t Limit(__rlimit_resource resource) {
  rlimit limit = {};
  if (getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return UINT64_MAX;
  return limit.rlim_cur;
}

// One text per field, in this order.
std::vector<std::string> FieldsOf(const HostFacts& facts) {
  return {facts.node,
          facts.network,
          facts.build,
          facts.cpu,
          TextOf(facts.share),
          StrCat(facts.machine_cores),
          StrCat(facts.memory_mb),
          StrCat(facts.available_mb),
          facts.huge_pages,
          StrCat(facts.open_files),
          StrCat(facts.processes),
          StrCat(facts.address_space),
          StrCat(facts.shared_memory_mb),
          StrCat(static_cast<int64_t>(facts.clock_seconds * 1000)),
          facts.gpu,
          facts.has_gpu ? "1" : "0",
          facts.avoided};
}

}  // namespace

HostFacts FactsHere(uint32_t threads) {
  HostFacts facts;
  facts.node = NodeName();
  facts.network = NetworkIdentity();
  facts.build = BuildId();
  facts.cpu = CpuModel();
  facts.share = {AllowedCores(), threads};
  facts.machine_cores = MachineCores();
  std::map<std::string, uint64_t> memory = MemoryInfo();
  facts.memory_mb = WithinContainer(memory["MemTotal:"]);
  facts.available_mb = std::min(facts.memory_mb, memory["MemAvailable:"]);
  facts.huge_pages = HugePages();
  facts.open_files = Limit(RLIMIT_NOFILE);
  facts.processes = Limit(RLIMIT_NPROC);
  facts.address_space = Limit(RLIMIT_AS);
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  facts.clock_seconds = std::chrono::duration<double>(now).count();
  facts.avoided = AvoidedInterfaces(Environment());
  return facts;
}

std::string TextOf(const HostFacts& facts) {
  std::vector<std::string> fields = FieldsOf(facts);
  for (std::string& field : fields) std::replace(field.begin(), field.end(), '\n', ' ');
  return Join(fields, "\n");
}

Result<HostFacts> HostFactsOf(const std::string& text) {
  const std::vector<std::string> fields = Split(text, '\n');
  if (fields.size() != FieldsOf({}).size()) return Internal("a rank's facts did not arrive");
  const auto number = [&](size_t field) { return ParseUint64(fields[field]).value_or(0); };
  HostFacts facts;
  facts.node = fields[0];
  facts.network = fields[1];
  facts.build = fields[2];
  facts.cpu = fields[3];
  ASSIGN_OR_RETURN(facts.share, CoreShareOf(fields[4]));
  facts.machine_cores = number(5);
  facts.memory_mb = number(6);
  facts.available_mb = number(7);
  facts.huge_pages = fields[8];
  facts.open_files = number(9);
  facts.processes = number(10);
  facts.address_space = number(11);
  facts.shared_memory_mb = number(12);
  facts.clock_seconds = static_cast<double>(number(13)) / 1000;
  facts.gpu = fields[14];
  facts.has_gpu = fields[15] == "1";
  facts.avoided = fields[16];
  return facts;
}

}  // namespace chorus::launch
