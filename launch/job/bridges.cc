#include "launch/job/bridges.h"

#include <cstdlib>
#include <fstream>
#include <set>

#include "common/strings.h"

namespace chorus::launch {
namespace {

constexpr char kExclude[] = "OMPI_MCA_btl_tcp_if_exclude";

// Whether a file of MCA parameters chooses: its values would meet ours, and MPI refuses both.
bool FilesChoose(const Variables& variables) {
  for (const std::string& path : {std::string("/etc/openmpi/openmpi-mca-params.conf"),
                                  variables("HOME") + "/.openmpi/mca-params.conf"}) {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
      if (line.rfind("btl_tcp_if_", 0) == 0) return true;
    }
  }
  return false;
}

}  // namespace

std::string InterfacesToAvoid(const std::vector<HostAddress>& own, const Variables& variables) {
  if (!variables(kExclude).empty() || !variables("OMPI_MCA_btl_tcp_if_include").empty()) return "";
  std::set<std::string> bridges, loopbacks;
  bool has_other = false;
  for (const HostAddress& address : own) {
    if (address.loopback) {
      loopbacks.insert(address.interface);
    } else if (address.doubtful) {
      bridges.insert(address.interface);
    } else {
      has_other = has_other || !address.link_local;
    }
  }
  if (bridges.empty() || !has_other || FilesChoose(variables)) return "";
  std::vector<std::string> all(loopbacks.begin(), loopbacks.end());
  all.insert(all.end(), bridges.begin(), bridges.end());
  return Join(all, ",");
}

std::string AvoidedInterfaces(const Variables& variables) { return variables(kExclude); }

void AvoidBridges(const std::vector<HostAddress>& own) {
  const std::string avoided = InterfacesToAvoid(own, Environment());
  if (!avoided.empty()) ::setenv(kExclude, avoided.c_str(), 1);
}

}  // namespace chorus::launch
