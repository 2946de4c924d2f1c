#include "tests/simulation/plan.h"

#include <algorithm>

#include "tests/e2e/job_testing.h"

namespace chorus::simulation {
namespace {

struct NamedJob {
  std::string_view name;
  const char* text;
};
constexpr std::string_view kFollowing = "file by file";
constexpr NamedJob kNamedJobs[kJobs] = {
    {"in step", "step { pull_ahead: 0 } checkpoint { every_steps: 2 keep: 2 }"},
    {"pulled one ahead", "step { pull_ahead: 1 } checkpoint { every_steps: 2 keep: 2 }"},
    {"pulled two ahead", "step { pull_ahead: 2 } checkpoint { every_steps: 3 keep: 1 }"},
    {"sums before losses",
     "step { pull_ahead: 1 } objective { nise {} } "
     "checkpoint { every_steps: 1 keep: 1 }"},
    {"best of evaluations",
     "step { pull_ahead: 1 } evaluate { log: 'test' every_steps: 2 } "
     "checkpoint { every_steps: 1 keep: 1 best: CTR_AUC }"},
    {"saved by the clock",
     "step { pull_ahead: 0 } "
     "checkpoint { every_steps: 100 every_minutes: 0.0001 keep: 2 }"},
    {kFollowing,
     "step { pull_ahead: 1 } data { follow_seconds: 0.02 } "
     "evaluate { log: 'test' every_steps: 3 } checkpoint { every_steps: 2 keep: 2 }"},
};
constexpr char kSmall[] =
    "step { grain_rows: 8 grains_per_step: 4 } data { epochs: 1 } report { metrics: "
    "'metrics.jsonl' every_steps: 1 } "
    "table { name: 'a' dim: 2 } table { name: 'b' dim: 2 } model { tower { hidden: [4] } } "
    "cluster { deadline_seconds: 30 } ";

constexpr double kDeadline = 30;

Layout LayoutOf(Draws* draws) {
  Layout layout;
  layout.workers = 1 + static_cast<uint32_t>(draws->Below(4));
  layout.servers = 1 + static_cast<uint32_t>(draws->Below(3));
  layout.threads = 1 + static_cast<uint32_t>(draws->Below(2));
  layout.reader_threads = 1 + static_cast<uint32_t>(draws->Below(2));
  layout.server_threads = 1 + static_cast<uint32_t>(draws->Below(2));
  layout.network_threads = 1 + static_cast<uint32_t>(draws->Below(2));
  layout.shards = 1 + static_cast<uint32_t>(draws->Below(6));
  layout.colocated = draws->Chance(0.25);
  if (layout.colocated) layout.servers = layout.workers;
  return layout;
}

class RunMaker {
 public:
  RunMaker(Draws* draws, const World::EventNumber& events) : draws_(*draws), events_(events) {
    run_.layout = LayoutOf(draws);
    run_.weather.thaw_at_event = AnyEvent(events_.of_all);
  }

  // What a job is to survive.
  void AddMild() {
    Weather& weather = run_.weather;
    weather.latency_low = draws_.Scaled(5e-6, 1e-3);
    weather.latency_high = weather.latency_low * draws_.Scaled(1, 30);
    weather.rendezvous = draws_.Chance(0.5);
    if (draws_.Chance(0.7)) {
      weather.disk_low = draws_.Scaled(10e-6, 3e-3);
      weather.disk_high = weather.disk_low * draws_.Scaled(1, 30);
    }
    if (draws_.Chance(0.5)) weather.slow_message = draws_.Scaled(0.001, 0.3);
    if (draws_.Chance(0.5)) weather.cut = draws_.Scaled(0.0005, 0.03);
    if (draws_.Chance(0.2)) weather.flip_on_wire = draws_.Scaled(0.0005, 0.02);
    if (draws_.Chance(0.5)) weather.duplicate = draws_.Scaled(0.01, 0.5);
    // Two together are to be shorter than the deadline, with the time that partitions take to heal.
    for (uint64_t n = draws_.Below(3); n > 0; --n) {
      const double seconds = draws_.Scaled(0.001, kDeadline / 4);
      if (draws_.Chance(0.5)) {
        AddPartition(Fault::kPartition, seconds);
      } else {
        AddStrike(Fault::kStall, seconds);
      }
    }
  }

  void AddHarsh() {
    run_.harsh = true;
    switch (draws_.Below(14)) {
      case 0:
      case 1:
        return AddStrike(Fault::kProcessDeath, 0);
      case 2:
        return AddStrike(Fault::kHostDeath, 0);
      case 3:
      case 4:
        return AddStrike(Fault::kPowerLoss, 0);
      case 5:
        return AddPartition(Fault::kLongPartition, kDeadline * draws_.Between(1, 5));
      case 6:
        return AddStrike(Fault::kLongStall, kDeadline * draws_.Between(1, 5));
      case 7:
        return AddStrike(Fault::kStop, 0);
      case 8:
        return AddOutliving(Fault::kRankOutlives);
      case 9:
      case 10:
        return AddOutliving(Fault::kJobOutlives);
      default:
        return AddDiskFault();
    }
  }

  void set_flip_bit_before(bool flip) { run_.flip_bit_before = flip; }
  void set_checks_all_files(bool checks) { run_.checks_all_files = checks; }
  PlannedRun run() const { return run_; }

 private:
  uint32_t AnyRank() { return static_cast<uint32_t>(draws_.Below(run_.layout.ranks())); }
  // Of larger layouts more.
  uint64_t AnyEvent(uint64_t of) { return draws_.Below(of * (1 + run_.layout.ranks()) / 3 + 1); }

  void AddStrike(Fault fault, double seconds) {
    const bool of_files = draws_.Chance(0.5);
    const uint64_t at = AnyEvent(of_files ? events_.of_files : events_.of_all);
    run_.weather.strikes.push_back({fault, AnyRank(), at, of_files, seconds});
  }
  // Most harm could come from a rank that changes a file at that moment, and from worker 0.
  void AddOutliving(Fault fault) {
    const uint32_t writer = run_.layout.colocated ? 0 : run_.layout.servers;
    const bool of_files = draws_.Chance(0.8);
    const uint64_t at = AnyEvent(of_files ? events_.of_files : events_.of_all);
    run_.weather.strikes.push_back({fault, draws_.Chance(0.5) ? kNoRank : writer, at, of_files, 0});
  }
  void AddPartition(Fault fault, double seconds) {
    const uint32_t a = AnyRank(), b = AnyRank();
    if (a != b) run_.weather.partitions.push_back({a, b, AnyEvent(events_.of_all), seconds, fault});
  }
  void AddDiskFault() {
    static constexpr struct {
      Fault fault;
      uint64_t calls;  // about as many as a run makes
    } kKinds[] = {{Fault::kDiskFull, 60},
                  {Fault::kWriteError, 60},
                  {Fault::kSyncError, 30},
                  {Fault::kRenameError, 12},
                  {Fault::kReadError, 60}};
    const auto& kind = kKinds[draws_.Below(std::size(kKinds))];
    run_.weather.disk.push_back({kind.fault, draws_.Below(kind.calls)});
  }

  Draws& draws_;
  const World::EventNumber events_;
  PlannedRun run_;
};

}  // namespace

std::string_view JobName(uint32_t job) { return kNamedJobs[job].name; }

TrainConfig ConfigOf(uint32_t job) {
  TrainConfig config = e2e::JobConfig(StrCat(kSmall, kNamedJobs[job].text));
  if (JobName(job) == kFollowing) config.mutable_data()->set_log(0, "followed");
  return config;
}

PlannedRun CalmRun() { return {}; }

Plan PlanOf(uint64_t seed, const std::vector<World::EventNumber>& events) {
  Draws draws(seed * 0x2545f4914f6cdd1dull + 1);
  Plan plan;
  plan.job = static_cast<uint32_t>(draws.Below(kJobs));
  if (draws.Chance(0.7)) plan.switching = draws.Scaled(0.001, 0.3);
  if (draws.Chance(0.3)) plan.spurious = draws.Scaled(0.01, 0.3);
  const uint64_t harsh = draws.Below(4);  // runs that may fail
  for (uint64_t i = 0; i < harsh; ++i) {
    RunMaker run(&draws, events[plan.job]);
    if (draws.Chance(0.6)) run.AddMild();
    run.AddHarsh();
    if (draws.Chance(0.3)) run.AddHarsh();
    if (i > 0 && draws.Chance(0.1)) run.set_flip_bit_before(true);
    if (i > 0 && draws.Chance(0.3)) run.set_checks_all_files(true);
    plan.runs.push_back(run.run());
  }
  RunMaker last(&draws, events[plan.job]);
  if (draws.Chance(0.8)) last.AddMild();
  if (harsh > 0 && draws.Chance(0.1)) last.set_flip_bit_before(true);
  if (harsh > 0 && draws.Chance(0.3)) last.set_checks_all_files(true);
  plan.runs.push_back(last.run());
  return plan;
}

}  // namespace chorus::simulation
