#include "tests/simulation/verdict.h"

#include <unistd.h>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "common/file.h"
#include "common/json.h"
#include "common/report.pb.h"
#include "launch/command/canonical.h"
#include "tests/e2e/job_testing.h"
#include "tests/simulation/cluster.h"
#include "worker/train/checkpoint_store.h"

namespace chorus::simulation {
namespace {

constexpr char kCheckpoints[] = "ckpt";
constexpr char kMetrics[] = "metrics.jsonl";
constexpr size_t kTraceShown = 200;  // lines

Result<std::string> CanonicalOf(FileSystem& files, const std::string& folder) {
  std::string bytes;
  RETURN_IF_ERROR(launch::WriteCanonical(files, folder, [&](std::string_view piece) {
    bytes += piece;
    return Status::Ok();
  }));
  return bytes;
}

// What metrics.jsonl says, without times.
Result<std::string> ReportsOf(FileSystem& files) {
  ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(files, kMetrics));
  std::string out;
  for (const std::string& line : Split(text, '\n')) {
    if (line.empty()) continue;
    Report report;
    RETURN_IF_ERROR(FromJson(line, &report).Annotate(kMetrics));
    report.clear_seconds();
    if (report.has_progress()) {
      report.mutable_progress()->clear_exposures_per_second();
      report.mutable_progress()->clear_seconds_left();
    }
    out += report.ShortDebugString() + "\n";
  }
  return out;
}

// Faults after which a run may end with an error that is another's doing.
constexpr Fault kBreaking[] = {Fault::kProcessDeath,  Fault::kHostDeath, Fault::kPowerLoss,
                               Fault::kLongPartition, Fault::kLongStall, Fault::kRankOutlives,
                               Fault::kJobOutlives};
constexpr Fault kOfDisk[] = {Fault::kDiskFull, Fault::kWriteError, Fault::kSyncError,
                             Fault::kRenameError, Fault::kReadError};

class Judge {
 public:
  Judge(const Plan& plan, const Logs& logs, const Reference& reference, World* world,
        Verdict* verdict)
      : plan_(plan),
        reference_(reference),
        world_(*world),
        verdict_(*verdict),
        cluster_(world),
        config_(ConfigOf(plan.job)) {
    for (const auto& [path, bytes] : logs) cluster_.files().Put(path, bytes);
  }

  // "" if all is well.
  std::string Run() {
    for (size_t i = 0; i < plan_.runs.size(); ++i) {
      const PlannedRun& run = plan_.runs[i];
      if (run.flip_bit_before) FlipBit();
      resume_ = i == 0                 ? worker::Resume::kNothing
                : run.checks_all_files ? worker::Resume::kNewestWhole
                                       : worker::Resume::kNewest;
      const bool last = i + 1 == plan_.runs.size();
      std::string why = RunOnce(run);
      // A rank of the run before has claimed the folder between the new one's lock and its claim.
      if (why.empty() && last && cluster_.files().outlived().claimed_first() &&
          OvertakenByClaim()) {
        why = RunOnce(run);
      }
      // What a user does about a damaged checkpoint.
      if (why.empty() && last && outcome_.status.code() == Code::kDataLoss) {
        resume_ = worker::Resume::kNewestWhole;
        why = RunOnce(run);
      }
      if (why.empty() && last && outcome_.status.code() == Code::kDataLoss) {
        if (!cluster_.files().RemoveRecursively(kCheckpoints).ok()) return "no folder to remove";
        (void)cluster_.files().Remove(kMetrics);
        saved_ = 0;
        resume_ = worker::Resume::kNothing;
        why = RunOnce(run);
      }
      if (!why.empty()) return StrCat("run ", i + 1, " of ", plan_.runs.size(), ": ", why);
    }
    if (!outcome_.status.ok()) return "a calm run fails: " + outcome_.status.ToString();
    return Compare();
  }

 private:
  void FlipBit() {
    std::string path;
    if (cluster_.files().FlipBit(kCheckpoints, &path)) damaged_ = true;
  }

  std::string RunOnce(const PlannedRun& run) {
    const FaultCounts before = world_.counts();
    if (std::string lost = LookForSaved(); !lost.empty()) return lost;
    outcome_ = cluster_.Run(config_, run.layout, run.weather, resume_);
    ++verdict_.runs;
    ++verdict_.run_ends[static_cast<size_t>(outcome_.status.code())];
    saved_ = std::max(saved_, cluster_.files().last_saved());
    const std::string& violation = cluster_.files().outlived().violation();
    if (!violation.empty()) return violation;
    return WhyNotAllowed(before);
  }

  // A checkpoint that was complete is there for ever, except for newer ones and flipped bits.
  std::string LookForSaved() {
    if (damaged_ || saved_ == 0) return "";
    const auto found = worker::FindCheckpoint(cluster_.files(), kCheckpoints);
    if (!found.ok()) return found.status().ToString();
    const std::string expected = worker::CheckpointFolder(kCheckpoints, saved_);
    if (!found->has_value() || **found < expected) {
      return StrCat("checkpoint ", expected, " was complete, and the newest is ",
                    found->value_or("none"));
    }
    return "";
  }

  bool OvertakenByClaim() const {
    return outcome_.status.message().find("another job goes on here") != std::string::npos;
  }

  std::string WhyNotAllowed(const FaultCounts& before) {
    const Status& status = outcome_.status;
    if (status.ok()) return "";
    const auto happened = [&](Fault fault) {
      const auto i = static_cast<size_t>(fault);
      return world_.counts()[i] > before[i];
    };
    const bool broken = std::any_of(std::begin(kBreaking), std::end(kBreaking), happened);
    const bool disk = std::any_of(std::begin(kOfDisk), std::end(kOfDisk), happened);
    if (cluster_.files().outlived().claimed_first() && OvertakenByClaim()) return "";
    if (broken && IsConsequence(status.code())) return "";
    if (disk && status.message().find("(simulated)") != std::string::npos) return "";
    if (damaged_ && status.code() == Code::kDataLoss &&
        status.message().find(kCheckpoints) != std::string::npos) {
      return "";
    }
    return "an error that nothing explains: " + status.ToString();
  }

  // A disk that fails under the reports is a warning, and they end there. A run that is asked to
  // stop evaluates once more. A rank that outlives its job may take the next one's place in the file
  // in the moment between its look and its rename.
  std::string CompareReports() {
    const auto happened = [&](Fault fault) {
      return world_.counts()[static_cast<size_t>(fault)] > 0;
    };
    if (std::any_of(std::begin(kOfDisk), std::end(kOfDisk), happened) || happened(Fault::kStop) ||
        cluster_.files().outlived().late_changes() > 0) {
      return "";
    }
    const Result<std::string> reports = ReportsOf(cluster_.files());
    if (!reports.ok()) return "the reports: " + reports.status().ToString();
    if (*reports == reference_.reports) return "";
    const auto [mine, there] = std::mismatch(reports->begin(), reports->end(),
                                             reference_.reports.begin(), reference_.reports.end());
    const auto rest = [](auto from, auto end) {
      return std::string(from, from + std::min<ptrdiff_t>(end - from, 300));
    };
    return StrCat("reports differ from the undisturbed run's: ", rest(mine, reports->end()),
                  "\nthere: ", rest(there, reference_.reports.end()));
  }

  std::string Compare() {
    const Result<std::string> bytes = CanonicalOf(cluster_.files(), outcome_.checkpoint);
    if (!bytes.ok()) return "the last checkpoint: " + bytes.status().ToString();
    if (*bytes == reference_.bytes && outcome_.judged == reference_.judged) return CompareReports();
    if (*bytes == reference_.bytes) {
      return StrCat("evaluations differ from the undisturbed run's: ", outcome_.judged, "; there ",
                    reference_.judged);
    }
    const auto differ = std::mismatch(bytes->begin(), bytes->end(), reference_.bytes.begin(),
                                      reference_.bytes.end());
    return StrCat("the last checkpoint differs from the undisturbed run's from byte ",
                  differ.first - bytes->begin(), " on (", bytes->size(), " bytes, ",
                  reference_.bytes.size(), " there)");
  }

  const Plan& plan_;
  const Reference& reference_;
  World& world_;
  Verdict& verdict_;
  Cluster cluster_;
  const TrainConfig config_;
  worker::Resume resume_ = worker::Resume::kNothing;
  RunOutcome outcome_;
  uint64_t saved_ = 0;    // the newest step whose checkpoint was complete
  bool damaged_ = false;  // a bit of a checkpoint was flipped
};

uint64_t FingerprintOf(const std::vector<Event>& trace) {
  std::string all;
  for (const Event& event : trace) all += TextOf(event);
  return Checksum(all);
}

void PrintTrace(const std::vector<Event>& trace) {
  const size_t first = trace.size() > kTraceShown ? trace.size() - kTraceShown : 0;
  for (size_t i = first; i < trace.size(); ++i) std::printf("%s\n", TextOf(trace[i]).c_str());
}

}  // namespace

Logs MakeLogs() {
  const auto files = NewMemoryFiles();
  e2e::WriteJobLog(*files, "train", e2e::RichSchema(), 220, 1);
  e2e::WriteJobLog(*files, "test", e2e::RichSchema(), 40, 2);
  Logs logs;
  for (const std::string directory : {"train", "test"}) {
    const std::vector<std::string> names = files->List(directory).value();
    for (const std::string& name : names) {
      const std::string path = JoinPath(directory, name);
      logs[path] = ReadWholeFile(*files, path).value();
    }
  }
  // The log that is followed: all of its files are there when the job begins.
  constexpr uint32_t kRows[] = {90, 30, 100};
  for (uint32_t i = 0; i < std::size(kRows); ++i) {
    const std::string made = StrCat("made-", i);
    e2e::WriteJobLog(*files, made, e2e::RichSchema(), kRows[i], i + 3);
    logs[StrCat("followed/part-0000", i, ".log")] =
        ReadWholeFile(*files, JoinPath(made, "part-00000.log")).value();
  }
  return logs;
}

Reference ReferenceOf(uint32_t job, const Logs& logs) {
  Scheduler scheduler(1);
  World world(1, &scheduler);
  auto* const cluster = new Cluster(&world);  // for ever: threads may end after it
  for (const auto& [path, bytes] : logs) cluster->files().Put(path, bytes);
  const PlannedRun run = CalmRun();
  const RunOutcome outcome =
      cluster->Run(ConfigOf(job), run.layout, run.weather, worker::Resume::kNothing);
  Result<std::string> bytes = outcome.status.ok()
                                  ? CanonicalOf(cluster->files(), outcome.checkpoint)
                                  : Result<std::string>(outcome.status);
  scheduler.WaitUntilAlone();
  const Result<std::string> reports = ReportsOf(cluster->files());
  if (bytes.ok() && reports.ok()) {
    return {std::move(*bytes), outcome.judged, *reports, outcome.events};
  }
  std::printf("the undisturbed run of job %u fails: %s\n", job, bytes.status().ToString().c_str());
  std::exit(1);
}

void JudgeSeed(uint64_t seed, const Logs& logs, const std::vector<Reference>& references, bool live,
               Verdict* verdict) {
  std::vector<World::EventNumber> events;
  for (const Reference& reference : references) events.push_back(reference.events);
  const Plan plan = PlanOf(seed, events);
  Scheduler scheduler(seed + 1);
  World world(seed + 2, &scheduler);
  world.set_live(live);
  scheduler.set_switching(plan.switching);
  scheduler.set_spurious(plan.spurious);
  const auto finish = [&](const std::string& why) {
    verdict->failed = !why.empty();
    std::snprintf(verdict->why, sizeof(verdict->why), "%s", why.c_str());
    verdict->faults = world.counts();
    verdict->events = world.events().of_all;
    verdict->switches = scheduler.switches();
    verdict->simulated_seconds = static_cast<double>(world.now() - 1000 * kSecond) * 1e-9;
    verdict->fingerprint = FingerprintOf(world.trace());
    verdict->ended = true;
    if (!why.empty() && !live) PrintTrace(world.trace());
    std::fflush(stdout);
  };
  scheduler.set_on_deadlock([&](const std::string& why) {
    finish(why);
    _exit(0);
  });
  world.Trace("job: ", JobName(plan.job));
  auto* const judge = new Judge(plan, logs, references[plan.job], &world, verdict);
  finish(judge->Run());
}

}  // namespace chorus::simulation
