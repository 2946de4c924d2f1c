#include "launch/doctor/doctor.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "common/file.h"
#include "common/log.h"
#include "common/strings.h"
#include "launch/doctor/finding.h"
#include "launch/doctor/folders.h"
#include "launch/doctor/host_facts.h"
#include "launch/doctor/judge.h"
#include "launch/doctor/outputs.h"
#include "launch/doctor/pairs.h"
#include "launch/job/exit_code.h"
#include "launch/job/job_token.h"
#include "launch/job/launcher.h"
#include "launch/job/mca_parameter.h"
#include "launch/job/mpi_world.h"
#include "launch/job/places.h"
#include "launch/job/roles.h"
#include "launch/job/server_node.h"
#include "launch/job/shared_memory.h"
#include "worker/device/device_library.h"

namespace chorus::launch {
namespace {

// The deadline of every wait for another rank: long enough to find a host that is slow to mount or
// to resolve.
constexpr double kDeadlineSeconds = 30;
constexpr std::chrono::seconds kBetweenSigns{1};  // sent by a rank that others wait for
// The time for measuring: of all pairs of one rank together, and at most of one pair.
constexpr double kPairsSeconds = 20, kPairSeconds = 0.5;

Gpus GpusOf(const ComputeConfig& compute) {
  if (compute.backend() == ComputeConfig::CPU) return Gpus::kNone;
  return compute.backend() == ComputeConfig::CUDA ? Gpus::kMust : Gpus::kMay;
}

// A plain process embeds its server.
Result<Roles> RolesHere(const ClusterConfig& cluster, uint32_t rank, size_t ranks) {
  if (!MpiWorld::Launched()) return Roles{1, 1, 0, 0};
  return RolesOf(cluster, rank, static_cast<uint32_t>(ranks));
}

// The device of a worker, as the job itself would open it.
void LookAtGpu(const TrainConfig& config, uint32_t number, HostFacts* facts) {
  worker::DeviceOptions options;
  options.index = static_cast<int>(number);
  options.library = config.compute().cuda().library();
  options.optional = config.compute().backend() != ComputeConfig::CUDA;
  const auto device = worker::OpenLibraryDevice(options);
  facts->has_gpu = device.ok();
  facts->gpu = device.ok()
                   ? StrCat((*device)->info().name, ", ", (*device)->info().memory_bytes >> 20,
                            " MB, ", (*device)->info().versions)
                   : "none (" + device.status().message() + ")";
}

class Examination {
 public:
  // shared_memory_mb: free before this rank took some for MPI.
  Examination(MpiWorld* world, const TrainConfig& config, const JobJudge& judge,
              uint64_t shared_memory_mb, bool* wrong)
      : world_(world),
        config_(config),
        judge_(judge),
        shared_memory_mb_(shared_memory_mb),
        wrong_(wrong) {}

  Status Run() {
    Communicator& all = world_->all();
    ASSIGN_OR_RETURN(const std::vector<Place> places, MeetRanks(world_));
    LookAtRoles(places.size());
    RETURN_IF_ERROR(LookAtHosts(places));
    LookAtLauncher(places);
    ASSIGN_OR_RETURN(const std::vector<Finding> folders,
                     CheckFolders(all, PosixFiles(), config_, places));
    Print(folders);
    RETURN_IF_ERROR(LookAtReports(places));
    RETURN_IF_ERROR(LookAtJob());
    if (all.size() == 1) return Status::Ok();
    const double pair_seconds =
        std::min(kPairSeconds, kPairsSeconds / static_cast<double>(places.size()));
    // Hosts that have only workers need not be in the network in which servers listen.
    PairTerms terms;
    terms.listen_address = roles_.server >= 0 ? config_.cluster().listen_address() : std::string();
    terms.protection = ProtectionOf(config_.cluster());
    ASSIGN_OR_RETURN(const bool shared, ShareToken(places, &terms.token));
    if (!shared) return Status::Ok();
    ASSIGN_OR_RETURN(const std::vector<PairSpeed> pairs,
                     MeasurePairs(world_, places, terms, pair_seconds));
    Print(JudgePairs(pairs, places));
    return Status::Ok();
  }

 private:
  // False if cluster.key_file is wrong on some rank; the first rank then says so.
  Result<bool> ShareToken(const std::vector<Place>& places, std::string* token) {
    const std::string& key_file = config_.cluster().key_file();
    Result<std::string> shared = ShareJobToken(world_->all(), key_file, places);
    const Code code = shared.status().code();
    if (!key_file.empty() && (code == Code::kFailedPrecondition || code == Code::kAborted)) {
      Print({{Finding::Kind::kWrong, "network", shared.status().message(), ""}});
      return false;
    }
    RETURN_IF_ERROR(shared.status());
    *token = std::move(*shared);
    return true;
  }

  void LookAtRoles(size_t ranks) {
    const Result<Roles> roles = RolesHere(config_.cluster(), world_->all().rank(), ranks);
    if (roles.ok()) {
      roles_ = *roles;
      return;
    }
    // All ranks then count as servers, so that other mistakes are found, too.
    roles_.servers = static_cast<uint32_t>(ranks);
    roles_.server = static_cast<int>(world_->all().rank());
    Print({{Finding::Kind::kWrong, "ranks", roles.status().message(), ""}});
  }

  void LookAtLauncher(const std::vector<Place>& places) {
    const std::string doubt =
        OneNetwork(places) ? ""
                           : KeepaliveDoubt(config_.cluster().deadline_seconds(), Environment());
    if (!doubt.empty()) Print({{Finding::Kind::kDoubt, "launcher", doubt, ""}});
  }

  Status LookAtHosts(const std::vector<Place>& places) {
    const uint32_t rank = world_->all().rank();
    const bool works = roles_.worker >= 0;
    HostFacts facts =
        FactsHere(works ? config_.compute().threads() : config_.cluster().server_threads());
    facts.shared_memory_mb = shared_memory_mb_;
    const Gpus gpus = GpusOf(config_.compute());
    if (gpus != Gpus::kNone && works) {
      // Its number among the workers of this host, which are the last ranks.
      const uint32_t first_worker = rank - static_cast<uint32_t>(roles_.worker);
      LookAtGpu(config_, EarlierOnHost(places, first_worker, rank), &facts);
    }
    ASSIGN_OR_RETURN(const std::vector<std::string> texts, world_->all().AllGather(TextOf(facts)));
    std::vector<HostFacts> all;
    for (const std::string& text : texts) {
      ASSIGN_OR_RETURN(HostFacts other, HostFactsOf(text));
      all.push_back(std::move(other));
    }
    Print(JudgeHosts(all, gpus));
    return Status::Ok();
  }

  // Without roles it is not known which rank would write them.
  Status LookAtReports(const std::vector<Place>& places) {
    if (roles_.workers == 0) return Status::Ok();
    ASSIGN_OR_RETURN(
        const std::vector<Finding> reports,
        CheckReports(world_->all(), PosixFiles(), config_.report(), roles_.worker == 0, places));
    Print(reports);
    return Status::Ok();
  }

  // The first rank judges, and tells the others from time to time that it is still at work: so none
  // of their waits is as long as the whole.
  Status LookAtJob() {
    Communicator& all = world_->all();
    std::future<std::vector<Finding>> look;
    if (all.rank() == 0) look = std::async(std::launch::async, [&] { return judge_(config_); });
    for (std::string sign; sign.empty();) {  // "" = not yet
      if (all.rank() == 0 && look.wait_for(kBetweenSigns) == std::future_status::ready) {
        sign = "ended";
      }
      ASSIGN_OR_RETURN(sign, all.Broadcast(sign, 0));
    }
    if (all.rank() == 0) Print(look.get());
    return Status::Ok();
  }

  void Print(const std::vector<Finding>& findings) {
    if (world_->all().rank() > 0) return;
    for (const Finding& finding : findings) std::printf("%s\n", FormatFinding(finding).c_str());
    std::fflush(stdout);
    *wrong_ = *wrong_ || AnyWrong(findings);
  }

  MpiWorld* const world_;
  const TrainConfig config_;
  const JobJudge& judge_;
  const uint64_t shared_memory_mb_;
  bool* const wrong_;
  Roles roles_;  // of this rank
};

// The first rank's configuration, on all ranks; kAborted if it has none.
Result<TrainConfig> ShareConfig(Communicator& all, const Result<TrainConfig>& loaded) {
  ASSIGN_OR_RETURN(const std::string text,
                   all.Broadcast(loaded.ok() ? "C" + loaded->SerializeAsString() : "", 0));
  if (text.empty()) return Aborted("rank 0 has no configuration");
  TrainConfig config;
  if (!config.ParseFromString(text.substr(1))) {
    return Internal("the configuration of rank 0 did not arrive");
  }
  return config;
}

}  // namespace

Status ExamineJob(const std::function<Result<TrainConfig>()>& source, const JobJudge& judge,
                  bool* wrong) {
  RETURN_IF_ERROR(RefuseLoneProcess(Environment(), MpiWorld::Launched() ? 2 : 1));
  const uint64_t shared_memory_mb = FreeSharedMemory().value_or(0) >> 20;
  ASSIGN_OR_RETURN(const std::unique_ptr<MpiWorld> world, MpiWorld::Create(kDeadlineSeconds));
  const Result<TrainConfig> loaded = world->all().rank() == 0 ? source() : TrainConfig();
  const Result<TrainConfig> config = ShareConfig(world->all(), loaded);
  // The first rank says what is wrong with its configuration.
  if (!config.ok() && config.status().code() == Code::kAborted) return loaded.status();
  const Status status =
      config.ok() ? Examination(world.get(), *config, judge, shared_memory_mb, wrong).Run()
                  : config.status();
  if (status.ok()) return status;
  // Ranks that wait for this one end, too.
  LogError("rank ", world->all().rank(), " (on ", world->node(), "): ", status.ToString());
  world->Abort(ExitCodeOf(status));
  return status;  // g++ does not take a virtual function's word that it never returns
}

}  // namespace chorus::launch
