#include "launch/doctor/doctor.h"

#include <algorithm>
#include <cstdio>
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
#include "launch/doctor/pairs.h"
#include "launch/job/exit_code.h"
#include "launch/job/launcher.h"
#include "launch/job/mca_parameter.h"
#include "launch/job/mpi_world.h"
#include "launch/job/places.h"
#include "worker/device/device_library.h"

namespace chorus::launch {
namespace {

// Of every wait for another rank: a host that is slow to mount or to resolve is to be found, too.
constexpr double kDeadlineSeconds = 30;
// For all pairs of hosts together, and at most for one.
constexpr double kPairsSeconds = 20, kPairSeconds = 0.5;

Gpus GpusOf(const ComputeConfig& compute) {
  if (compute.backend() == ComputeConfig::CPU) return Gpus::kNone;
  return compute.backend() == ComputeConfig::CUDA ? Gpus::kMust : Gpus::kMay;
}

// Serves alone. A process without others works, too.
bool Serves(const ClusterConfig& cluster, uint32_t rank, size_t ranks) {
  return ranks > 1 && cluster.placement() != ClusterConfig::COLOCATED && rank < cluster.servers();
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
  Examination(MpiWorld* world, const TrainConfig& config, bool* wrong)
      : world_(world), config_(config), wrong_(wrong) {}

  Status Run() {
    Communicator& all = world_->all();
    ASSIGN_OR_RETURN(const auto places, GatherPlaces(all, {world_->node(), NetworkIdentity()}));
    std::vector<std::string> nodes;
    for (const Place& place : places) nodes.push_back(place.node);
    world_->NameNodes(nodes);
    RETURN_IF_ERROR(LookAtHosts(places));
    LookAtLauncher(places);
    ASSIGN_OR_RETURN(const std::vector<Finding> folders,
                     CheckFolders(all, PosixFiles(), config_, places));
    Print(folders);
    if (all.size() == 1) return Status::Ok();
    const double pair_seconds =
        std::min(kPairSeconds, kPairsSeconds / static_cast<double>(places.size()));
    ASSIGN_OR_RETURN(
        const std::vector<PairSpeed> pairs,
        MeasurePairs(world_, places, config_.cluster().listen_address(), pair_seconds));
    Print(JudgePairs(pairs, places));
    return Status::Ok();
  }

 private:
  void LookAtLauncher(const std::vector<Place>& places) {
    const bool alone = std::all_of(places.begin(), places.end(), [&](const Place& place) {
      return place.network == places.front().network;
    });
    const std::string doubt =
        alone ? "" : KeepaliveDoubt(config_.cluster().deadline_seconds(), Environment());
    if (!doubt.empty()) Print({{Finding::Kind::kDoubt, "launcher", doubt, ""}});
  }

  Status LookAtHosts(const std::vector<Place>& places) {
    const uint32_t rank = world_->all().rank();
    const bool serves = Serves(config_.cluster(), rank, places.size());
    HostFacts facts =
        FactsHere(serves ? config_.cluster().server_threads() : config_.compute().threads());
    const Gpus gpus = GpusOf(config_.compute());
    if (gpus != Gpus::kNone && !serves) {
      uint32_t number = 0;  // among the workers of this host
      for (uint32_t other = 0; other < rank; ++other) {
        if (places[other].node == places[rank].node &&
            !Serves(config_.cluster(), other, places.size()))
          ++number;
      }
      LookAtGpu(config_, number, &facts);
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

  void Print(const std::vector<Finding>& findings) {
    if (world_->all().rank() > 0) return;
    for (const Finding& finding : findings) std::printf("%s\n", FormatFinding(finding).c_str());
    std::fflush(stdout);
    *wrong_ = *wrong_ || AnyWrong(findings);
  }

  MpiWorld* const world_;
  const TrainConfig config_;
  bool* const wrong_;
};

// The first rank's configuration on all of them.
Result<TrainConfig> ShareConfig(Communicator& all,
                                const std::function<Result<TrainConfig>()>& source) {
  Result<TrainConfig> loaded = all.rank() == 0 ? source() : TrainConfig();
  ASSIGN_OR_RETURN(const std::string text,
                   all.Broadcast(loaded.ok() ? "C" + loaded->SerializeAsString() : "", 0));
  if (!loaded.ok()) return loaded;
  if (text.empty()) return Aborted("rank 0 has no configuration");
  TrainConfig config;
  if (!config.ParseFromString(text.substr(1))) {
    return Internal("the configuration of rank 0 did not arrive");
  }
  return config;
}

}  // namespace

Status ExamineJob(const std::function<Result<TrainConfig>()>& source, bool* wrong) {
  RETURN_IF_ERROR(RefuseLoneProcess(Environment(), MpiWorld::Launched() ? 2 : 1));
  ASSIGN_OR_RETURN(const std::unique_ptr<MpiWorld> world, MpiWorld::Create(kDeadlineSeconds));
  Result<TrainConfig> config = ShareConfig(world->all(), source);
  if (!config.ok()) return world->all().rank() == 0 ? config.status() : Status::Ok();
  const Status status = Examination(world.get(), *config, wrong).Run();
  if (status.ok()) return status;
  // Ranks that wait for this one end, too.
  LogError("rank ", world->all().rank(), " (on ", world->node(), "): ", status.ToString());
  world->Abort(ExitCodeOf(status));
  return status;  // g++ does not take a virtual function's word that it never returns
}

}  // namespace chorus::launch
