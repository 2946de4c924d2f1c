#include "launch/job/local_cluster.h"

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/shortage.h"
#include "common/strings.h"
#include "common/thread.h"
#include "launch/job/server_node.h"

namespace chorus::launch {
namespace {

std::unique_ptr<Transport> NewTransport(const TrainConfig& config,
                                        const LocalClusterOptions& cluster,
                                        const std::string& name) {
  TransportOptions options = TransportOptionsOf(config, "local cluster", name);
  if (cluster.tcp) options.listen_address = "127.0.0.1";
  options.protection = cluster.protection;
  options.threads = 2;
  return cluster.tcp ? NewTcpTransport(options) : NewInprocTransport(options);
}

// The error to report: the first that is not likely a consequence of another, otherwise the first.
Status FirstCause(const std::vector<Status>& statuses) {
  Status first;
  for (size_t w = 0; w < statuses.size(); ++w) {
    if (statuses[w].ok()) continue;
    const Status named =
        statuses.size() == 1 ? statuses[w] : statuses[w].Annotate(StrCat("worker ", w));
    if (!IsConsequence(named.code())) return named;
    if (first.ok()) first = named;
  }
  return first;
}

// [workers]
std::vector<std::unique_ptr<worker::Collective>> CollectivesOf(const TrainConfig& config,
                                                               uint32_t workers) {
  std::vector<std::unique_ptr<worker::Collective>> collectives;
  if (workers == 1) {
    collectives.push_back(worker::NewSingleCollective());
  } else {
    collectives = worker::NewLocalCollectives(
        workers, worker::CallSeconds(config.cluster().deadline_seconds()));
  }
  return collectives;
}

// Runs every worker on a thread of its own. A worker that gets no thread has failed, and the others
// are told so.
void RunOnThreads(const std::function<void(uint32_t worker)>& run,
                  const std::vector<std::unique_ptr<worker::Collective>>& collectives,
                  std::vector<Status>* statuses) {
  std::vector<std::thread> threads;
  for (uint32_t w = 0; w < statuses->size(); ++w) {
    const std::string name = StrCat("worker ", w);
    Result<std::thread> thread = StartThread(name, name, [&run, w] { run(w); });
    if (thread.ok()) {
      threads.push_back(std::move(*thread));
    } else {
      (*statuses)[w] = thread.status();
      collectives[w]->Abort(thread.status().ToString());
    }
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace

Status RunLocalCluster(const TrainConfig& config, const LocalClusterOptions& options,
                       FileSystem& files, const WorkerMain& work) {
  ASSIGN_OR_RETURN(const std::vector<TableSpec> tables, TablesOfJob(config));
  const std::unique_ptr<Transport> server_transport = NewTransport(config, options, "servers");
  std::vector<std::shared_ptr<ServerNode>> servers;
  std::vector<std::string> endpoints;
  for (uint32_t s = 0; s < options.servers; ++s) {
    ASSIGN_OR_RETURN(auto server, ServerNode::Create(config, tables, s, options.servers,
                                                     options.workers, files));
    servers.push_back(std::move(server));
    if (options.monitor != nullptr) options.monitor->Watch(servers.back());
    ASSIGN_OR_RETURN(std::string endpoint, servers.back()->Listen(server_transport.get()));
    endpoints.push_back(std::move(endpoint));
  }

  const std::vector<std::unique_ptr<worker::Collective>> collectives =
      CollectivesOf(config, options.workers);
  std::vector<Status> statuses(options.workers);
  const auto run = [&](uint32_t w) {
    std::unique_ptr<Transport> transport = NewTransport(config, options, StrCat("worker ", w));
    if (options.wrap_transport) transport = options.wrap_transport(std::move(transport));
    worker::WorkerEnvironment environment;
    environment.files = &files;
    environment.collective = collectives[w].get();
    if (options.open_device) {
      environment.open_device = [&, w](worker::DeviceOptions device) {
        device.index = static_cast<int>(w);
        return options.open_device(device);
      };
    }
    environment.connect =
        [&](const worker::PsClientOptions& client_options,
            const std::vector<TableSpec>& specs) -> Result<std::unique_ptr<worker::PsClient>> {
      std::vector<std::unique_ptr<Channel>> channels;
      for (uint32_t s = 0; s < options.servers; ++s) {
        ASSIGN_OR_RETURN(auto channel, transport->Connect(endpoints[s], StrCat("server ", s)));
        channels.push_back(std::move(channel));
      }
      return worker::PsClient::Create(client_options, specs, std::move(channels));
    };
    try {
      // Only one worker reports its steps: all would report the same.
      if (w == 0) environment = Monitored(environment, options.monitor);
      if (w == 0 && options.trace != nullptr) environment = options.trace->Traced(environment);
      statuses[w] = work(config, environment);
    } catch (const std::exception& error) {
      statuses[w] = StatusOfException(error);
    }
    if (!statuses[w].ok()) collectives[w]->Abort(statuses[w].ToString());
  };
  if (options.workers == 1) {
    run(0);
  } else {
    RunOnThreads(run, collectives, &statuses);
  }
  RETURN_IF_ERROR(FirstCause(statuses));
  if (options.trace != nullptr) RETURN_IF_ERROR(options.trace->Finish());
  for (const auto& server : servers) {
    if (options.at_end) options.at_end(*server);
  }
  return Status::Ok();
}

}  // namespace chorus::launch
