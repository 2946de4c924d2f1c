#pragma once
// A job on simulated hosts, one rank per host: servers and workers as launch/job makes them, over
// the real transport on simulated sockets, and the launcher that ends all ranks when one has
// failed.
// Thread safety: the simulation's first thread, except for AtEvent.

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "common/config.pb.h"
#include "common/transport.h"
#include "tests/simulation/files.h"
#include "tests/simulation/network.h"
#include "tests/simulation/world.h"
#include "worker/servers/ps_client.h"
#include "worker/train/trainer.h"

namespace chorus::simulation {

// The ranks of a run: servers first, then workers; colocated: each is both.
struct Layout {
  uint32_t workers = 1;
  uint32_t servers = 1;
  uint32_t threads = 1;  // of a worker
  uint32_t reader_threads = 1;
  uint32_t server_threads = 1;
  uint32_t network_threads = 1;
  uint32_t shards = 4;
  bool colocated = false;  // servers: as many as workers
  uint32_t ranks() const { return colocated ? workers : workers + servers; }
};
std::string TextOf(const Layout& layout);

struct RunOutcome {
  Status status;              // the first error that is not another's doing
  std::string checkpoint;     // the last one's folder
  std::string judged;         // what the last evaluation and the best one found
  World::EventNumber events;  // of the run
};

class Cluster {
 public:
  explicit Cluster(World* world);
  ~Cluster();

  SimulatedFiles& files() { return files_; }
  // Runs a job to its end, whatever that is. Afterwards none of its ranks does anything any more,
  // except those that outlive it: they stand still until the weather of the next run thaws them,
  // and end with that run.
  RunOutcome Run(const TrainConfig& config, const Layout& layout, const Weather& weather,
                 worker::Resume resume);

 private:
  struct Job;

  void AtEvent(bool of_files);
  void Strike(const Weather::Strike& strike);
  void Die(uint32_t index, bool silent);  // rank `index` of the run
  void Outlive(std::vector<uint32_t> indices);
  void EndRank(uint32_t rank);
  void EndAll();
  void EndOutlived();
  struct Serving;
  Status StartServer(Job* job, uint32_t server, Serving* serving);
  Status RunWorker(Job* job, uint32_t worker, const Serving& serving);
  Result<std::unique_ptr<worker::PsClient>> Connect(const Job& job, const Serving& serving,
                                                    Transport* network,
                                                    const worker::PsClientOptions& options,
                                                    const std::vector<TableSpec>& tables);
  Status WaitForServers(const Job& job);
  Status RunRank(Job* job, uint32_t index);
  void StartRank(Job* job, uint32_t index);
  RunOutcome Watch(Job* job);

  World& world_;
  Network network_;
  SimulatedFiles files_;
  std::deque<std::unique_ptr<Job>> jobs_;  // all that ever ran: threads that stand still use them
  Job* job_ = nullptr;                     // the one that runs
  std::vector<uint32_t> outlived_;         // ranks of the run before it
};

}  // namespace chorus::simulation
