#include "launch/job/roles.h"

#include "common/strings.h"

namespace chorus::launch {

std::string Roles::Name() const {
  if (server < 0) return StrCat("worker ", worker);
  if (worker < 0) return StrCat("server ", server);
  return StrCat("server ", server, " and worker ", worker);
}

Result<Roles> RolesOf(const ClusterConfig& cluster, uint32_t rank, uint32_t ranks) {
  Roles roles;
  if (cluster.placement() == ClusterConfig::COLOCATED) {
    roles.servers = roles.workers = ranks;
    roles.server = roles.worker = static_cast<int>(rank);
    return roles;
  }
  if (cluster.servers() >= ranks) {
    return InvalidArgument(StrCat("cluster.servers: ", cluster.servers(), " of ", ranks,
                                  " ranks leave no worker; start more ranks (mpirun -n ",
                                  cluster.servers() + 1, " or more)"));
  }
  roles.servers = cluster.servers();
  roles.workers = ranks - cluster.servers();
  const bool serves = rank < roles.servers;
  roles.server = serves ? static_cast<int>(rank) : -1;
  roles.worker = serves ? -1 : static_cast<int>(rank - roles.servers);
  return roles;
}

}  // namespace chorus::launch
