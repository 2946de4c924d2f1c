#pragma once
// One server of a job with the transports it listens on.
// Thread safety: made and destroyed by one thread; serves on the transports' threads.

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "common/config.pb.h"
#include "common/file.h"
#include "common/status.h"
#include "common/table_spec.h"
#include "common/transport.h"
#include "ps/server.h"

namespace chorus::launch {

class ServerNode {
 public:
  // Makes server `server` of `servers` for `workers` workers. `files` outlives it. Error:
  // kResourceExhausted when the system does not give its threads.
  // on_step: as ServerOptions has it.
  static Result<std::shared_ptr<ServerNode>> Create(
      const TrainConfig& config, const std::vector<TableSpec>& tables, uint32_t server,
      uint32_t servers, uint32_t workers, FileSystem& files,
      std::function<void(uint64_t step)> on_step = nullptr);

  // Serves on this transport too, which outlives the node; returns the endpoint.
  Result<std::string> Listen(Transport* transport);
  // Seconds since the last request came, or since the node was made.
  double idle_seconds() const;

  uint32_t number() const { return number_; }  // among the servers of the job
  // What the server holds and has done so far. Thread safety: any thread.
  struct Use {
    uint64_t memory_bytes = 0;    // of rows and their indices
    uint64_t requests = 0;        // frames that came
    uint64_t received_bytes = 0;  // of these
    uint64_t rows = 0;            // those that it holds
    uint64_t sent_bytes = 0;      // of answers
  };
  Use use() const {
    return {server_->memory_bytes(), requests_, received_bytes_, server_->rows(), *sent_bytes_};
  }

 private:
  ServerNode() = default;
  using Clock = std::chrono::steady_clock;
  uint32_t number_ = 0;
  std::unique_ptr<ps::Server> server_;
  std::atomic<uint64_t> requests_ = 0;
  std::atomic<uint64_t> received_bytes_ = 0;
  // Shared with answers, which may come when the node is gone.
  const std::shared_ptr<std::atomic<uint64_t>> sent_bytes_ =
      std::make_shared<std::atomic<uint64_t>>(0);
  std::atomic<Clock::rep> last_request_ = Clock::now().time_since_epoch().count();
  // Last: before the server goes, no request comes any more.
  std::vector<std::unique_ptr<Listener>> listeners_;
};

// The protection of the connections of a job's transports.
Protection ProtectionOf(const ClusterConfig& config);

// The transport settings of a job's configuration, except listen_address (places.h), with one
// network thread for every four cores of this process. name: "worker 1", for messages.
TransportOptions TransportOptionsOf(const TrainConfig& config, const std::string& token,
                                    const std::string& name);

// The tables that the configured objective needs.
Result<std::vector<TableSpec>> TablesOfJob(const TrainConfig& config);

}  // namespace chorus::launch
