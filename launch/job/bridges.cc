#include "launch/job/bridges.h"

#include <cstdlib>
#include <set>

#include "common/strings.h"
#include "launch/job/mca_parameter.h"

namespace chorus::launch {
namespace {

constexpr char kExclude[] = "OMPI_MCA_btl_tcp_if_exclude";

}  // namespace

std::string InterfacesToAvoid(const std::vector<HostAddress>& own, const Variables& variables) {
  // Open MPI treats both together as an error.
  if (!McaParameter("btl_tcp_if_exclude", variables).empty() ||
      !McaParameter("btl_tcp_if_include", variables).empty()) {
    return "";
  }
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
  if (bridges.empty() || !has_other) return "";
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
