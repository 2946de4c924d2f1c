#include "launch/job/server_node.h"

#include <algorithm>
#include <utility>

#include "common/cores.h"
#include "worker/objective/objective.h"

namespace chorus::launch {
namespace {

// A core moves about 4 GB/s of frames (perf/README.md, transport_perf); the others compute.
constexpr size_t kCoresOfNetworkThread = 4;

}  // namespace

Result<std::shared_ptr<ServerNode>> ServerNode::Create(const TrainConfig& config,
                                                       const std::vector<TableSpec>& tables,
                                                       uint32_t server, uint32_t servers,
                                                       uint32_t workers, FileSystem& files,
                                                       std::function<void(uint64_t)> on_step) {
  std::shared_ptr<ServerNode> node(new ServerNode());
  node->number_ = server;
  ps::ServerOptions options;
  options.server = server;
  options.servers = servers;
  options.workers = workers;
  options.shards = config.cluster().shards();
  options.threads = config.cluster().server_threads();
  options.pull_ahead = config.step().pull_ahead();
  options.grains_per_step = config.step().grains_per_step();
  options.seed = config.seed();
  options.deadline_seconds = config.cluster().deadline_seconds();
  options.memory_mb = config.cluster().server_memory_mb();
  options.max_reply_bytes = uint64_t{config.cluster().max_frame_mb()} << 20;
  options.on_step = std::move(on_step);
  ASSIGN_OR_RETURN(node->server_, ps::Server::Create(options, tables, files));
  return node;
}

Result<std::string> ServerNode::Listen(Transport* transport) {
  ASSIGN_OR_RETURN(std::unique_ptr<Listener> listener, transport->Listen([this](Frame request,
                                                                                Responder respond) {
    last_request_ = Clock::now().time_since_epoch().count();
    ++requests_;
    received_bytes_ += request.payload_bytes();
    const auto count = [sent = sent_bytes_, respond = std::move(respond)](Frame reply) {
      *sent += reply.payload_bytes();
      respond(std::move(reply));
    };
    server_->Handle(std::move(request), count);
  }));
  listeners_.push_back(std::move(listener));
  return listeners_.back()->endpoint();
}

double ServerNode::idle_seconds() const {
  const Clock::time_point last{Clock::duration(last_request_.load())};
  return std::chrono::duration<double>(Clock::now() - last).count();
}

Protection ProtectionOf(const ClusterConfig& config) {
  return config.protection() == ClusterConfig::AUTHENTICATED ? Protection::kAuthenticated
                                                             : Protection::kEncryptedBetweenHosts;
}

TransportOptions TransportOptionsOf(const TrainConfig& config, const std::string& token,
                                    const std::string& name) {
  TransportOptions options;
  options.token = token;
  options.protection = ProtectionOf(config.cluster());
  options.max_part_bytes = uint64_t{config.cluster().max_part_kb()} << 10;
  options.max_frame_bytes = uint64_t{config.cluster().max_frame_mb()} << 20;
  options.threads =
      static_cast<uint32_t>(std::max<size_t>(1, AllowedCores().size() / kCoresOfNetworkThread));
  options.local_name = name;
  return options;
}

Result<std::vector<TableSpec>> TablesOfJob(const TrainConfig& config) {
  ASSIGN_OR_RETURN(const auto objective, worker::MakeObjective(config.objective(), config.seed()));
  return TablesOf(config, objective->shape().group_names());
}

}  // namespace chorus::launch
