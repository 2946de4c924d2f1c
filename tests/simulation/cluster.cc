#include "tests/simulation/cluster.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <thread>
#include <utility>

#include "common/check.h"
#include "common/transport.h"
#include "common/write_lock.h"
#include "launch/job/server_node.h"
#include "tests/simulation/doubling_transport.h"
#include "tests/simulation/exchange.h"
#include "worker/servers/ps_client.h"
#include "worker/train/checkpoint_claim.h"

namespace chorus::simulation {
namespace {

// After this the job counts as one that never ends.
constexpr Nanos kPatience = 4 * 3600 * kSecond;
// How long a rank that fails through another's doing waits for that one to be told of
// (launch/job/supervisor.h).
constexpr Nanos kGrace = 5 * kSecond;
// When the launcher ends a job of which a host has gone, if it notices at all.
constexpr Nanos kHostNoticed = 13 * kSecond;

}  // namespace

std::string TextOf(const Layout& layout) {
  return StrCat(layout.workers, " workers of ", layout.threads, " threads, ", layout.servers,
                layout.colocated ? " colocated" : "", " servers of ", layout.server_threads, ", ",
                layout.network_threads, " network threads, ", layout.shards, " shards");
}

struct Cluster::Job {
  TrainConfig config;
  Layout layout;
  Weather weather;
  worker::Resume resume;
  uint32_t first_rank = 0;
  World::EventNumber first_event;
  std::vector<std::optional<Status>> ended;  // by rank of the run
  std::vector<std::string> endpoints;        // of the servers
  std::vector<std::unique_ptr<worker::Exchange>> exchanges;
  uint32_t workers_done = 0;
  uint32_t asked_to_stop = kNoRank;
  bool power_lost = false;
  std::vector<uint32_t> outliving;  // ranks that stand still, and that the launcher cannot end
  Nanos abort_at = kNever;          // when the launcher ends all ranks
  std::optional<Status> cause;
  std::string checkpoint;
  std::string judged;

  uint32_t rank(uint32_t index) const { return first_rank + index; }
  bool outlives(uint32_t rank) const {
    return std::count(outliving.begin(), outliving.end(), rank) > 0;
  }
  void AbortAt(Nanos at) { abort_at = std::min(abort_at, at); }
};

Cluster::Cluster(World* world)
    : world_(*world),
      network_(world, [this] { AtEvent(false); }),
      files_(world, [this] { AtEvent(true); }) {}

Cluster::~Cluster() = default;

void Cluster::AtEvent(bool of_files) {
  Scheduler& scheduler = world_.scheduler();
  if (job_ == nullptr || scheduler.rank() == kNoRank) return;
  const uint64_t event = world_.events().of_all - job_->first_event.of_all;
  const uint64_t file_event = world_.events().of_files - job_->first_event.of_files;
  world_.CountEvent(of_files);
  for (const Weather::Partition& each : job_->weather.partitions) {
    if (each.at_event != event) continue;
    world_.Count(each.fault);
    world_.TraceOf(kNoRank, NameOf(each.fault), " between ranks ", job_->rank(each.a), " and ",
                   job_->rank(each.b), " for ", each.seconds, " s");
    network_.Part(job_->rank(each.a), job_->rank(each.b), world_.now() + NanosOf(each.seconds));
  }
  if (event == job_->weather.thaw_at_event) {
    for (const uint32_t rank : outlived_) {
      world_.TraceOf(rank, "goes on, although its job is over");
      scheduler.Thaw(rank);
    }
  }
  for (const Weather::Strike& each : job_->weather.strikes) {
    if (each.of_files && !of_files) continue;
    if (each.at_event == (each.of_files ? file_event : event)) Strike(each);
  }
  scheduler.MaybeYield();
}

void Cluster::Strike(const Weather::Strike& strike) {
  uint32_t index = strike.rank;
  if (index == kNoRank) index = world_.scheduler().rank() - job_->first_rank;
  if (index >= job_->layout.ranks()) return;  // of a rank that outlived the run before
  const uint32_t rank = job_->rank(index);
  if (world_.scheduler().is_dead(rank) || job_->outlives(rank)) return;
  world_.Count(strike.fault);
  world_.TraceOf(rank, NameOf(strike.fault));
  switch (strike.fault) {
    case Fault::kStall:
    case Fault::kLongStall:
      return world_.scheduler().Stall(rank, world_.now() + NanosOf(strike.seconds));
    case Fault::kStop:
      job_->asked_to_stop = rank;
      return;
    case Fault::kPowerLoss:
      job_->power_lost = true;
      world_.scheduler().WakeAll(job_);
      return EndAll();
    case Fault::kRankOutlives:
      return Outlive({index});
    case Fault::kJobOutlives: {
      std::vector<uint32_t> all(job_->layout.ranks());
      std::iota(all.begin(), all.end(), 0u);
      return Outlive(std::move(all));
    }
    case Fault::kProcessDeath:
    case Fault::kHostDeath:
      return Die(index, strike.fault == Fault::kHostDeath);
    case Fault::kCut:  // these befall the network
    case Fault::kDuplicate:
    case Fault::kFlipOnWire:
    case Fault::kPartition:
    case Fault::kLongPartition:
    case Fault::kDiskFull:  // and these files
    case Fault::kWriteError:
    case Fault::kSyncError:
    case Fault::kRenameError:
    case Fault::kReadError:
    case Fault::kUnsyncedLost:
    case Fault::kUnsyncedGarbage:
    case Fault::kNameLost:
    case Fault::kNameBack:
    case Fault::kFlipAtRest:
    case Fault::kNumber:
      break;
  }
  CHECK(false, "no strike: ", NameOf(strike.fault));
}

void Cluster::Die(uint32_t index, bool silent) {
  const uint32_t rank = job_->rank(index);
  if (silent) files_.LoseHost(rank);
  files_.EndRank(rank);
  network_.Drop(rank, silent);
  Draws& draws = world_.draws();
  if (!job_->cause) job_->cause = Unavailable(StrCat("rank ", rank, " has died (simulated)"));
  if (!silent) job_->AbortAt(world_.now() + NanosOf(draws.Scaled(0.001, 2)));
  if (silent && draws.Chance(0.5)) job_->AbortAt(world_.now() + kHostNoticed);
  world_.scheduler().WakeAll(job_);
  world_.scheduler().Kill(rank);
}

// Nobody reaches the ranks any more: their locks are lost, and the job is given up. The calling
// thread's rank stands still last: that call returns when it is thawed.
void Cluster::Outlive(std::vector<uint32_t> indices) {
  Scheduler& scheduler = world_.scheduler();
  const uint32_t own = scheduler.rank();
  std::erase_if(indices, [&](uint32_t index) { return scheduler.is_dead(job_->rank(index)); });
  for (const uint32_t index : indices) {
    job_->outliving.push_back(job_->rank(index));
    files_.EndRank(job_->rank(index));
  }
  if (!job_->cause) job_->cause = Unavailable("ranks are out of reach (simulated)");
  job_->AbortAt(world_.now() + NanosOf(world_.draws().Scaled(0.0001, 2)));
  scheduler.WakeAll(job_);
  for (const uint32_t index : indices) {
    if (job_->rank(index) != own) scheduler.Stall(job_->rank(index), kNever);
  }
  if (job_->outlives(own)) scheduler.Stall(own, kNever);
}

// Of its thread that calls it as well: whoever does ends that in the end.
void Cluster::EndRank(uint32_t rank) {
  Scheduler& scheduler = world_.scheduler();
  if (scheduler.is_dead(rank)) return;
  files_.EndRank(rank);
  network_.Drop(rank, false);
  if (rank != scheduler.rank()) scheduler.Kill(rank);
}

void Cluster::EndOutlived() {
  for (const uint32_t rank : std::exchange(outlived_, {})) EndRank(rank);
}

// The calling thread's rank last: that call does not return. A loss of power ends all.
void Cluster::EndAll() {
  Scheduler& scheduler = world_.scheduler();
  const uint32_t own = scheduler.rank();
  if (job_->power_lost) {
    job_->outliving.clear();
    EndOutlived();
  }
  for (uint32_t index = 0; index < job_->layout.ranks(); ++index) {
    const uint32_t rank = job_->rank(index);
    if (!job_->outlives(rank)) EndRank(rank);
  }
  if (own != kNoRank) scheduler.Kill(own);
}

// Of a rank that serves. Ends in the order against that of its parts.
struct Cluster::Serving {
  int server = -1;
  std::unique_ptr<Transport> network;
  std::unique_ptr<Transport> local;  // of a rank that works, too: its own shards skip the network
  std::string local_endpoint;
  std::shared_ptr<launch::ServerNode> node;
};

Status Cluster::StartServer(Job* job, uint32_t server, Serving* serving) {
  const TrainConfig& config = job->config;
  ASSIGN_OR_RETURN(const std::vector<TableSpec> tables, launch::TablesOfJob(config));
  TransportOptions options =
      launch::TransportOptionsOf(config, "simulated job", StrCat("server ", server));
  options.listen_address = Network::HostOf(job->rank(server));
  options.service = StrCat("server ", server);
  options.threads = job->layout.network_threads;
  options.new_loop = [this] { return network_.NewLoop(); };
  options.protection = Protection::kAuthenticated;  // TLS draws bytes that no seed knows
  serving->server = static_cast<int>(server);
  serving->network = NewTcpTransport(options);
  ASSIGN_OR_RETURN(serving->node,
                   launch::ServerNode::Create(config, tables, server, job->layout.servers,
                                              job->layout.workers, files_));
  if (job->layout.colocated) {
    serving->local = NewInprocTransport(options);
    ASSIGN_OR_RETURN(serving->local_endpoint, serving->node->Listen(serving->local.get()));
  }
  ASSIGN_OR_RETURN(job->endpoints[server], serving->node->Listen(serving->network.get()));
  world_.scheduler().WakeAll(&job->endpoints);
  return Status::Ok();
}

Result<std::unique_ptr<worker::PsClient>> Cluster::Connect(const Job& job, const Serving& serving,
                                                           Transport* network,
                                                           const worker::PsClientOptions& options,
                                                           const std::vector<TableSpec>& tables) {
  std::vector<std::unique_ptr<Channel>> channels;
  for (uint32_t s = 0; s < job.layout.servers; ++s) {
    const bool own = static_cast<int>(s) == serving.server;
    ASSIGN_OR_RETURN(auto channel, own ? serving.local->Connect(serving.local_endpoint, "itself")
                                       : network->Connect(job.endpoints[s], StrCat("server ", s)));
    channels.push_back(std::move(channel));
  }
  return worker::PsClient::Create(options, tables, std::move(channels));
}

// As a job's ranks learn each other's addresses before they work.
Status Cluster::WaitForServers(const Job& job) {
  const Nanos until = world_.now() + NanosOf(job.config.cluster().deadline_seconds());
  while (std::count(job.endpoints.begin(), job.endpoints.end(), "") > 0) {
    if (world_.now() >= until) return DeadlineExceeded("a server did not start");
    world_.scheduler().Wait(&job.endpoints, until);
  }
  return Status::Ok();
}

Status Cluster::RunWorker(Job* job, uint32_t worker, const Serving& serving) {
  const TrainConfig& config = job->config;
  RETURN_IF_ERROR(WaitForServers(*job));
  TransportOptions options =
      launch::TransportOptionsOf(config, "simulated job", StrCat("worker ", worker));
  options.threads = job->layout.network_threads;
  options.new_loop = [this] { return network_.NewLoop(); };
  options.protection = Protection::kAuthenticated;  // TLS draws bytes that no seed knows
  const std::unique_ptr<Transport> transport =
      NewDoublingTransport(NewTcpTransport(options), &world_, job->weather.duplicate);
  const std::unique_ptr<worker::Collective> collective = worker::NewExchangeCollective(
      std::move(job->exchanges[worker]), worker::CallSeconds(config.cluster().deadline_seconds()));
  worker::WorkerEnvironment environment;
  std::unique_ptr<FileLock> lock;
  if (worker == 0) {
    const std::string& directory = config.checkpoint().directory();
    RETURN_IF_ERROR(files_.CreateDirectories(directory));
    ASSIGN_OR_RETURN(lock, LockFolder(files_, directory, kWriterEndSeconds));
    environment.claims_before = worker::NewestClaim(files_.NamesIn(directory));
  }
  environment.files = &files_;
  environment.writer = StrCat("rank ", world_.scheduler().rank(), " (simulated)");
  environment.collective = collective.get();
  environment.on_step = [this](uint64_t step, const worker::StepTimes&) {
    world_.Trace("step ", step, " is done");
  };
  environment.stop_requested = [this, job] {
    return job->asked_to_stop == world_.scheduler().rank();
  };
  environment.connect = [&](const worker::PsClientOptions& client,
                            const std::vector<TableSpec>& tables) {
    return Connect(*job, serving, transport.get(), client, tables);
  };
  ASSIGN_OR_RETURN(const worker::TrainResult result,
                   worker::Train(config, job->resume, environment));
  if (worker != 0) return Status::Ok();
  job->checkpoint = result.checkpoint;
  if (result.evaluation) job->judged = result.evaluation->ShortDebugString();
  if (result.best) job->judged += result.best->ShortDebugString();
  return Status::Ok();
}

// A rank serves until all workers are done.
Status Cluster::RunRank(Job* job, uint32_t index) {
  const Layout& layout = job->layout;
  Serving serving;
  if (index < layout.servers) RETURN_IF_ERROR(StartServer(job, index, &serving));
  if (layout.colocated || index >= layout.servers) {
    const uint32_t worker = layout.colocated ? index : index - layout.servers;
    RETURN_IF_ERROR(RunWorker(job, worker, serving));
    world_.Trace("worker ", worker, " is done");
    if (++job->workers_done == layout.workers) world_.scheduler().WakeAll(&job->workers_done);
  }
  while (job->workers_done < layout.workers) world_.scheduler().Wait(&job->workers_done, kNever);
  return Status::Ok();
}

// Threads that stand still are never joined.
void Cluster::StartRank(Job* job, uint32_t index) {
  std::thread([this, job, index] {
    world_.scheduler().SetRank(job->rank(index));
    const Status status = RunRank(job, index);
    job->ended[index] = status;
    if (!status.ok()) {
      world_.Trace("fails: ", status.ToString());
      const bool consequence = IsConsequence(status.code());
      if (!job->cause || (IsConsequence(job->cause->code()) && !consequence)) job->cause = status;
      job->AbortAt(world_.now() + (consequence ? kGrace : 0) +
                   NanosOf(world_.draws().Scaled(0.0001, 0.3)));
    }
    world_.scheduler().WakeAll(job);
    // Its process goes on until the launcher ends it.
    while (!status.ok()) world_.scheduler().Wait(&job->abort_at, kNever);
  }).detach();
}

RunOutcome Cluster::Watch(Job* job) {
  Scheduler& scheduler = world_.scheduler();
  const Nanos end = world_.now() + kPatience;
  RunOutcome outcome;
  while (true) {
    if (job->power_lost) {
      outcome.status = Unavailable("power loss (simulated)");
      break;
    }
    if (world_.now() >= std::min(job->abort_at, end)) {
      outcome.status = job->cause.value_or(Internal("the job does not end"));
      break;
    }
    if (std::all_of(job->ended.begin(), job->ended.end(),
                    [](const auto& status) { return status.has_value() && status->ok(); })) {
      break;
    }
    scheduler.Wait(job, std::min(job->abort_at, end));
  }
  EndOutlived();
  EndAll();
  outlived_ = job->outliving;
  if (job->power_lost) files_.LosePower();
  outcome.checkpoint = job->checkpoint;
  outcome.judged = job->judged;
  outcome.events.of_all = world_.events().of_all - job->first_event.of_all;
  outcome.events.of_files = world_.events().of_files - job->first_event.of_files;
  return outcome;
}

RunOutcome Cluster::Run(const TrainConfig& config, const Layout& layout, const Weather& weather,
                        worker::Resume resume) {
  constexpr uint32_t kRanksOfRun = 16;
  auto owned = std::make_unique<Job>();
  Job* const job = owned.get();
  job->config = config;
  job->config.mutable_compute()->set_threads(layout.threads);
  job->config.mutable_compute()->set_reader_threads(layout.reader_threads);
  job->config.mutable_cluster()->set_server_threads(layout.server_threads);
  job->config.mutable_cluster()->set_shards(layout.shards);
  job->layout = layout;
  job->weather = weather;
  job->resume = resume;
  job->first_rank = static_cast<uint32_t>(jobs_.size()) * kRanksOfRun;
  job->first_event = world_.events();
  job->ended.resize(layout.ranks());
  job->endpoints.resize(layout.servers);
  jobs_.push_back(std::move(owned));
  job_ = job;
  world_.Trace("a run begins: ", TextOf(layout));
  network_.Begin(&job->weather);
  files_.Begin(&job->weather, job->first_rank);
  std::vector<uint32_t> worker_ranks;
  for (uint32_t w = 0; w < layout.workers; ++w) {
    worker_ranks.push_back(job->rank(layout.colocated ? w : layout.servers + w));
  }
  job->exchanges = NewSimulatedExchanges(
      &world_, &network_, [this] { AtEvent(false); }, weather.rendezvous, worker_ranks);
  for (uint32_t index = 0; index < layout.ranks(); ++index) StartRank(job, index);
  const RunOutcome outcome = Watch(job);
  world_.Trace("the run ends: ", outcome.status.ToString());
  job_ = nullptr;
  files_.Begin(nullptr, 0);
  return outcome;
}

}  // namespace chorus::simulation
