#include "launch/plan/plan_layout.h"

#include <algorithm>

#include "common/cores.h"
#include "common/strings.h"

namespace chorus::launch {

bool IsColocated(const TrainConfig& config) {
  return config.cluster().placement() == ClusterConfig::COLOCATED;
}

Result<PlanLayout> LayoutOf(const TrainConfig& config, const PlanRequest& request) {
  const bool colocated = IsColocated(config);
  const auto here = static_cast<uint32_t>(std::max<size_t>(1, AllowedCores().size()));
  uint32_t servers = request.servers > 0 ? request.servers : config.cluster().servers();
  uint32_t workers = request.workers;
  if (colocated) {
    workers = std::max({workers, request.servers, workers == 0 ? request.hosts : 0, 1u});
    if (request.servers > 0 && request.servers != workers) {
      return InvalidArgument(StrCat("--servers ", request.servers, " and --workers ", workers,
                                    ": with cluster.placement COLOCATED every rank is both"));
    }
    servers = workers;
  } else if (workers == 0 && request.hosts > servers) {
    workers = request.hosts - servers;
  } else if (workers == 0) {
    workers = request.hosts == 1 ? 1 : 0;
  }
  if (workers == 0 && request.hosts == 0) {
    return InvalidArgument(
        StrCat("--servers ", servers, " says of no worker; give --workers or --hosts"));
  }
  if (workers == 0) {
    return InvalidArgument(StrCat("--hosts ", request.hosts, ": ", servers,
                                  " servers leave no host for a worker; give --workers"));
  }
  if (workers > config.step().grains_per_step()) {
    return InvalidArgument(StrCat("--workers ", workers, ": a step has ",
                                  config.step().grains_per_step(),
                                  " grains (step.grains_per_step), and a worker computes whole "
                                  "ones"));
  }
  const uint32_t ranks = colocated ? workers : servers + workers;
  PlanLayout layout;
  layout.set_servers(servers);
  layout.set_workers(workers);
  layout.set_hosts(request.hosts > 0 ? std::min(request.hosts, ranks) : ranks);
  layout.set_cores(request.cores > 0 ? request.cores : here);
  layout.set_server_threads(config.cluster().server_threads());
  layout.set_link_gbit(request.link_gbit);
  layout.set_latency_us(request.latency_us);
  uint32_t threads = request.threads > 0 ? request.threads : config.compute().threads();
  // 0 is all cores of the host, of each of its workers.
  layout.set_threads(threads > 0 ? threads : layout.cores());
  return layout;
}

}  // namespace chorus::launch
