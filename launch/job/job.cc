#include "launch/job/job.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/config.h"
#include "common/cores.h"
#include "common/log.h"
#include "common/node_name.h"
#include "common/strings.h"
#include "launch/job/binding.h"
#include "launch/job/collect_trace.h"
#include "launch/job/job_token.h"
#include "launch/job/job_trace.h"
#include "launch/job/launcher.h"
#include "launch/job/mca_parameter.h"
#include "launch/job/monitor.h"
#include "launch/job/mpi_world.h"
#include "launch/job/places.h"
#include "launch/job/roles.h"
#include "launch/job/server_node.h"
#include "launch/job/share_job.h"
#include "launch/job/shared_folder.h"
#include "launch/job/supervisor.h"
#include "worker/device/device_library.h"

namespace chorus::launch {
namespace {

// At the end of a job a rank gives up when it has waited for this many deadlines, and nobody has
// asked its server anything in that time.
constexpr double kIdleDeadlines = 20;
// The first rank looks for what the others wrote after these have looked for what it wrote: both
// waits together stay well below a deadline.
constexpr double kShownPartsOfDeadline = 4;

// `work` in an environment that knows what only the job does.
WorkerMain InJob(const WorkerMain& work, const Job& job) {
  return [&work, label = job.label, before = job.claims_before](
             const TrainConfig& config, const worker::WorkerEnvironment& environment) {
    worker::WorkerEnvironment of_job = environment;
    of_job.label = label;
    of_job.claims_before = before;
    return work(config, of_job);
  };
}

// Null if no trace is asked for.
Result<std::unique_ptr<Monitor>> OpenMonitor(const TrainConfig& config, uint32_t rank,
                                             const std::string& role, const std::string& label) {
  ASSIGN_OR_RETURN(std::unique_ptr<Monitor> monitor,
                   Monitor::Open(config.report().prometheus(), rank, role, label));
  if (monitor != nullptr) LogInfo("metrics for Prometheus: ", monitor->url());
  return monitor;
}

// The trace of a training that is to be traced; null for every other job.
Result<std::unique_ptr<JobTrace>> OpenTrace(const TrainConfig& config, Saves saves,
                                            const JobTrace::Who& who) {
  if (saves == Saves::kNo) return std::unique_ptr<JobTrace>();
  return JobTrace::Open(PosixFiles(), config, who);
}

// One rank of a job under MPI.
class Rank {
 public:
  Rank(MpiWorld* world, const Job& job, const Roles& roles)
      : world_(world), config_(job.config), saves_(job.saves), label_(job.label), roles_(roles) {}

  Status Run(const WorkerMain& work, const AtEnd& at_end) {
    RETURN_IF_ERROR(Meet());
    RETURN_IF_ERROR(BeginTrace());
    ASSIGN_OR_RETURN(const std::string token,
                     ShareJobToken(world_->all(), config_.cluster().key_file(), places_));
    ASSIGN_OR_RETURN(const ListenPlan plan, PlanOwnListening());
    TransportOptions options = TransportOptionsOf(config_, token, roles_.Name());
    options.listen_address = plan.bind;
    options.service = ServiceOf(roles_.server);
    network_ = NewTcpTransport(options);
    local_ = NewInprocTransport(options);
    RETURN_IF_ERROR(StartServer(plan));
    ASSIGN_OR_RETURN(monitor_, OpenMonitor(config_, world_->all().rank(), roles_.Name(), label_));
    if (monitor_ != nullptr && server_ != nullptr) monitor_->Watch(server_);
    ASSIGN_OR_RETURN(announcements_, world_->all().AllGather(own_announcement_));
    ASSIGN_OR_RETURN(workers_, world_->Split(roles_.worker >= 0 ? 0 : MpiWorld::kNoGroup));
    if (roles_.worker >= 0) RETURN_IF_ERROR(RunWorker(work));
    // Workers come here when they are done; servers serve until then.
    if (trace_ != nullptr) RETURN_IF_ERROR(trace_->Finish());
    RETURN_IF_ERROR(world_->all().BarrierUntil(WaitsTooLong()));
    return at_end ? at_end(End()) : Status::Ok();
  }

 private:
  RankEnd End() const {
    RankEnd end{.rank = world_->all().rank(), .server = roles_.server};
    if (server_ != nullptr) end.use = server_->use();
    return end;
  }

  // Whether a wait for the others that begins now has become hopeless.
  std::function<bool()> WaitsTooLong() const {
    return [this, begin = std::chrono::steady_clock::now()] {
      const std::chrono::duration<double> waited = std::chrono::steady_clock::now() - begin;
      const double idle = server_ == nullptr ? waited.count() : server_->idle_seconds();
      return std::min(idle, waited.count()) > kIdleDeadlines * config_.cluster().deadline_seconds();
    };
  }

  // Before the threads begin that are to be in it.
  Status BeginTrace() {
    ASSIGN_OR_RETURN(trace_, OpenTrace(config_, saves_,
                                       {.rank = world_->all().rank(),
                                        .role = roles_.Name(),
                                        .node = world_->node(),
                                        .trains = roles_.worker >= 0}));
    if (trace_ == nullptr) return Status::Ok();
    trace_->SetCollect([this](const std::function<TracePart()>& own) {
      return CollectTrace(world_->all(), places_, WaitsTooLong(), own);
    });
    return Status::Ok();
  }

  // Who is where, and whether all find the same folder.
  Status Meet() {
    own_ = OwnAddresses();
    ASSIGN_OR_RETURN(places_, MeetRanks(world_));
    if (world_->all().rank() == 0 && !OneNetwork(places_)) {
      const std::string doubt = KeepaliveDoubt(config_.cluster().deadline_seconds(), Environment());
      if (!doubt.empty()) LogWarning(doubt);
    }
    if (saves_ == Saves::kNo) return Status::Ok();
    return CheckSharedFolder(
        world_->all(), PosixFiles(), "checkpoint.directory", config_.checkpoint().directory(),
        roles_.server >= 0 || roles_.worker == 0, places_,
        std::min(kShownSeconds, config_.cluster().deadline_seconds() / kShownPartsOfDeadline));
  }

  // The host of a rank that only works need not have the network that servers listen in.
  Result<ListenPlan> PlanOwnListening() const {
    if (roles_.server < 0) return ListenPlan{};
    return PlanListening(config_.cluster().listen_address(), OneNetwork(places_), world_->node(),
                         own_);
  }

  static std::string ServiceOf(int server) { return StrCat("server ", server); }

  Status StartServer(const ListenPlan& plan) {
    if (roles_.server < 0) return Status::Ok();
    ASSIGN_OR_RETURN(const std::vector<TableSpec> tables, TablesOfJob(config_));
    // On a rank that also has a worker, the worker's steps count.
    std::function<void(uint64_t)> on_step;
    if (trace_ != nullptr && roles_.worker < 0) {
      on_step = [this](uint64_t step) { trace_->BeginServerStep(step); };
    }
    ASSIGN_OR_RETURN(
        server_,
        ServerNode::Create(config_, tables, static_cast<uint32_t>(roles_.server), roles_.servers,
                           roles_.workers, PosixFiles(), std::move(on_step)));
    ASSIGN_OR_RETURN(const std::string endpoint, server_->Listen(network_.get()));
    own_announcement_ = Announcement(plan, ServiceOf(roles_.server), endpoint);
    if (roles_.worker >= 0) {
      ASSIGN_OR_RETURN(local_endpoint_, server_->Listen(local_.get()));
    }
    return Status::Ok();
  }

  // The number of this worker among those of its host, which is its device's.
  int DeviceNumber() const {
    return static_cast<int>(EarlierOnHost(places_, FirstWorker(), world_->all().rank()));
  }

  // Workers are the last ranks.
  uint32_t FirstWorker() const { return world_->all().size() - roles_.workers; }

  // The servers are the first ranks in both placements. A rank's own shards skip the network.
  Result<std::unique_ptr<Channel>> ConnectTo(uint32_t server) {
    const std::string name = StrCat("server ", server, " on ", places_[server].node);
    if (static_cast<int>(server) == roles_.server) return local_->Connect(local_endpoint_, name);
    const bool near = places_[server].network == places_[world_->all().rank()].network;
    ASSIGN_OR_RETURN(const std::string endpoint, RouteTo(announcements_[server], near, own_));
    return network_->Connect(endpoint, name);
  }

  // All workers meet here.
  Status ReportCores() {
    const uint32_t wanted = config_.compute().threads();
    const CoreShare own{AllowedCores(), wanted};
    ReportBinding(own);
    ASSIGN_OR_RETURN(const std::vector<std::string> shares, workers_->AllGather(TextOf(own)));
    const Place& own_place = places_[world_->all().rank()];
    std::vector<CoreShare> here;
    for (size_t w = 0; w < shares.size(); ++w) {
      if (!SameHost(places_[FirstWorker() + w], own_place)) continue;
      if (here.empty() && w != workers_->rank()) return Status::Ok();  // the host's first one warns
      ASSIGN_OR_RETURN(CoreShare share, CoreShareOf(shares[w]));
      here.push_back(std::move(share));
    }
    const std::string warning = SharedCoresWarning(here, world_->node());
    if (!warning.empty()) LogWarning(warning);
    return Status::Ok();
  }

  Status RunWorker(const WorkerMain& work) {
    RETURN_IF_ERROR(ReportCores());
    const std::unique_ptr<worker::Collective> collective = worker::NewMpiCollective(
        workers_->handle(), worker::CallSeconds(config_.cluster().deadline_seconds()));
    worker::WorkerEnvironment environment;
    environment.files = &PosixFiles();
    environment.collective = collective.get();
    environment.open_device = [device = DeviceNumber()](worker::DeviceOptions options) {
      options.index = device;
      return worker::OpenLibraryDevice(options);
    };
    environment.connect =
        [this](const worker::PsClientOptions& options,
               const std::vector<TableSpec>& tables) -> Result<std::unique_ptr<worker::PsClient>> {
      std::vector<std::unique_ptr<Channel>> channels;
      for (uint32_t s = 0; s < roles_.servers; ++s) {
        ASSIGN_OR_RETURN(auto channel, ConnectTo(s));
        channels.push_back(std::move(channel));
      }
      return worker::PsClient::Create(options, tables, std::move(channels));
    };
    environment = Monitored(environment, monitor_.get());
    return work(config_, trace_ == nullptr ? environment : trace_->Traced(environment));
  }

  MpiWorld* const world_;
  const TrainConfig config_;
  const Saves saves_;
  const std::string label_;
  const Roles roles_;
  std::vector<HostAddress> own_;
  std::vector<Place> places_;           // by rank
  std::unique_ptr<JobTrace> trace_;     // null: none; before the server, which reports steps to it
  std::unique_ptr<Transport> network_;  // before what listens and calls on it
  std::unique_ptr<Transport> local_;
  std::shared_ptr<ServerNode> server_;
  std::unique_ptr<Monitor> monitor_;  // null: nobody watches
  std::string own_announcement_;
  std::string local_endpoint_;
  std::vector<std::string> announcements_;  // by rank
  std::unique_ptr<Communicator> workers_;
};

// One job of this rank; false when there is none left. Errors do not come back. deadline_seconds:
// of the waits until the job is known, then the job's.
bool RunNextOnRank(MpiWorld* world, const JobSource& next, const WorkerMain& work,
                   const AtEnd& at_end, double* deadline_seconds) {
  Supervisor starter(world, "starting");
  std::optional<Job> job;
  Roles roles;
  starter.Run([&]() -> Status {
    ASSIGN_OR_RETURN(job, ShareJob(world->all(), next, *deadline_seconds));
    if (!job.has_value()) return Status::Ok();
    *deadline_seconds = job->config.cluster().deadline_seconds();
    world->SetDeadline(*deadline_seconds);
    ASSIGN_OR_RETURN(roles,
                     RolesOf(job->config.cluster(), world->all().rank(), world->all().size()));
    return Status::Ok();
  });
  if (!job.has_value()) return false;
  SetLogName(roles.Name());
  Supervisor supervisor(world, roles.Name());
  supervisor.Run([&] { return Rank(world, *job, roles).Run(InJob(work, *job), at_end); });
  return true;
}

Result<bool> RunOnRanks(double deadline_seconds, const JobSource& next, const WorkerMain& work,
                        const AtEnd& at_end) {
  ASSIGN_OR_RETURN(const std::unique_ptr<MpiWorld> world, MpiWorld::Create(deadline_seconds));
  const bool is_first = world->all().rank() == 0;
  while (RunNextOnRank(world.get(), next, work, at_end, &deadline_seconds)) {
  }
  return is_first;
}

}  // namespace

Status RunJob(double deadline_seconds, Saves saves, const ConfigSource& source,
              const WorkerMain& work, const AtEnd& at_end) {
  bool given = false;
  const auto once = [&]() -> Result<std::optional<Job>> {
    if (std::exchange(given, true)) return std::optional<Job>();
    ASSIGN_OR_RETURN(TrainConfig config, source());
    return std::optional<Job>(Job{std::move(config), "", saves});
  };
  return RunJobs(deadline_seconds, once, work, at_end).status();
}

Result<bool> RunJobs(double deadline_seconds, const JobSource& next, const WorkerMain& work,
                     const AtEnd& at_end) {
  if (MpiWorld::Launched()) return RunOnRanks(deadline_seconds, next, work, at_end);
  RETURN_IF_ERROR(RefuseLoneProcess(Environment(), 1));
  const std::string doubt = AllocationDoubt(Environment());
  if (!doubt.empty()) LogWarning(doubt);
  while (true) {
    ASSIGN_OR_RETURN(const std::optional<Job> job, next());
    if (!job.has_value()) return true;
    LocalClusterOptions options;
    options.open_device = worker::OpenLibraryDevice;
    ASSIGN_OR_RETURN(const std::unique_ptr<Monitor> monitor,
                     OpenMonitor(job->config, 0, "server 0 and worker 0", job->label));
    options.monitor = monitor.get();
    ASSIGN_OR_RETURN(
        const std::unique_ptr<JobTrace> trace,
        OpenTrace(
            job->config, job->saves,
            {.rank = 0, .role = "server 0 and worker 0", .node = NodeName(), .trains = true}));
    options.trace = trace.get();
    RankEnd end{.rank = 0, .server = 0};
    options.at_end = [&end](const ServerNode& server) { end.use = server.use(); };
    RETURN_IF_ERROR(RunLocalCluster(job->config, options, PosixFiles(), InJob(work, *job)));
    if (at_end) RETURN_IF_ERROR(at_end(end));
  }
}

}  // namespace chorus::launch
