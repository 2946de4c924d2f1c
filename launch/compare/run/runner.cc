#include "launch/compare/run/runner.h"

#include <chrono>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "common/log.h"
#include "common/progress.h"
#include "common/shortage.h"
#include "common/strings.h"
#include "launch/compare/run/failed_runs.h"
#include "launch/compare/run/finished_runs.h"
#include "launch/compare/run/logs.h"
#include "launch/job/job.h"
#include "worker/metrics/score_file.h"
#include "worker/train/trainer.h"

namespace chorus::launch {
namespace {

// One run, on every worker: trains from its newest checkpoint or from the start, keeps the scores
// of the test log, and completes the run in its folder.
Status TrainInto(const std::string& folder, const TrainConfig& config,
                 const worker::WorkerEnvironment& environment) {
  const auto begin = std::chrono::steady_clock::now();
  FileSystem& files = *environment.files;
  worker::WorkerEnvironment scoring = environment;
  scoring.on_scores = [&](const worker::Scores& scores) {
    return worker::SaveScores(files, JoinPath(folder, kScoresName), scores);
  };
  const bool is_first = environment.collective->rank() == 0;
  RunRecord record;
  if (is_first) {
    ASSIGN_OR_RETURN(record, RecordOfInputs(files, config));
  }
  ASSIGN_OR_RETURN(const worker::TrainResult result,
                   worker::Train(config, worker::Resume::kNewest, scoring));
  if (!is_first) return Status::Ok();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  record.set_steps(result.steps);
  record.set_seconds(seconds.count());
  *record.mutable_evaluation() = *result.evaluation;
  return WriteRunRecord(files, folder, record);
}

// A run that fails is noted in its folder. One worker alone then goes on to the next run; several
// cannot, since the others may be in the midst of a sum: the job ends, and the next one tries this
// run last.
Status TrainRun(const TrainConfig& config, const worker::WorkerEnvironment& environment) {
  const std::string folder = DirectoryOf(config.report().metrics());
  Status status;
  try {
    status = TrainInto(folder, config, environment);
  } catch (const std::exception& error) {
    status = StatusOfException(error);
  }
  if (status.ok()) return status;
  if (IsConsequence(status.code())) return status.Annotate(folder);
  RETURN_IF_ERROR(WriteFailure(*environment.files, folder, status));
  return environment.collective->size() == 1 ? Status::Ok() : status.Annotate(folder);
}

// "CTR AUC 0.7714, CVR AUC 0.7726, CTCVR AUC 0.81"
std::string Summary(const Evaluation& evaluation) {
  std::vector<std::string> parts;
  for (const TaskMetrics& task : evaluation.task()) {
    parts.push_back(
        StrCat(task.task(), " AUC ", task.has_auc() ? StrCat(task.auc()).substr(0, 6) : "-"));
  }
  return Join(parts, ", ");
}

// Hands out the runs that are not done, on the first rank.
class Queue {
 public:
  explicit Queue(const PlanSource& plans) : source_(plans) {}

  Result<std::optional<Job>> Next() {
    if (!open_) RETURN_IF_ERROR(Open());
    if (running_) RETURN_IF_ERROR(Finish());
    if (next_ == todo_.size() && sweeping_) RETURN_IF_ERROR(TakeChoices());
    if (next_ == todo_.size()) return std::optional<Job>();
    const auto& [plan, run] = todo_[next_];
    RETURN_IF_ERROR(BeginRun(files_, *run));
    running_ = true;
    const std::string left = time_left_.Text();
    Job job{run->config, StrCat("run ", done_ + 1, "/", total_, " ", plan->NameOf(*run),
                                left.empty() ? "" : StrCat(" (", left, " left)"))};
    LogInfo(job.label, ": begins");
    return std::optional<Job>(std::move(job));
  }

 private:
  using Runs = std::vector<std::pair<const ComparePlan*, const PlannedRun*>>;

  // All folders and inputs are looked at before the first run is trained: a wrong one is named at
  // once. Runs whose settings a sweep has not chosen yet have no configuration to compare.
  Status Open() {
    open_ = true;
    ASSIGN_OR_RETURN(plans_, source_());
    RETURN_IF_ERROR(AddRuns(&ComparePlan::sweep));
    sweeping_ = !todo_.empty();
    for (const ComparePlan& plan : plans_) RETURN_IF_ERROR(CheckInputs(plan));
    if (!sweeping_) RETURN_IF_ERROR(AddRuns(&ComparePlan::runs));
    if (done_ > 0) LogInfo(done_, " of ", total_, " runs are done already");
    return Status::Ok();
  }

  // Takes the runs that are to be trained, and counts them.
  Status CheckInputs(const ComparePlan& plan) {
    // Data sets whose inputs are there, by the logs of theirs that are trained and judged on.
    std::set<std::tuple<int, bool, bool>> ready;
    for (const std::vector<PlannedRun>* runs : {&plan.sweep, &plan.runs}) {
      for (const PlannedRun& run : *runs) {
        if (!run.selected) continue;
        ++total_;
        if (files_.Exists(run.DonePath())) continue;
        const bool potential = plan.method(run).potential();
        if (!ready.emplace(run.fold, potential, run.setting >= 0).second) continue;
        RETURN_IF_ERROR(CheckReady(files_, plan, run));
      }
    }
    return Status::Ok();
  }

  // Appends to todo_ the runs of all plans that are not done; failed runs come last.
  Status AddRuns(std::vector<PlannedRun> ComparePlan::*runs) {
    InputChecksums now(files_);
    Runs failed;
    for (const ComparePlan& plan : plans_) {
      for (const PlannedRun& run : plan.*runs) {
        ASSIGN_OR_RETURN(const std::optional<RunRecord> record, FindRunRecord(run, &now));
        if (!run.selected) continue;
        const CompareMethod& method = plan.method(run);
        if (record.has_value()) {
          ++done_;
          time_left_.Measure(method.name(), record->seconds());
          continue;
        }
        (files_.Exists(run.FailedPath()) ? failed : todo_).emplace_back(&plan, &run);
        time_left_.Plan(method.name());
      }
    }
    todo_.insert(todo_.end(), failed.begin(), failed.end());
    return Status::Ok();
  }

  // The sweeps are over: the methods' runs take the chosen settings.
  Status TakeChoices() {
    sweeping_ = false;
    todo_.clear();
    next_ = 0;
    for (ComparePlan& plan : plans_) {
      ASSIGN_OR_RETURN(plan, PlanAgain(files_, plan));
      for (int m = 0; m < plan.config.method_size(); ++m) {
        const int setting = plan.SettingOf(m);
        if (setting < 0) continue;
        LogInfo(plan.config.method(m).name(), " takes ", plan.config.sweep(setting).name());
      }
    }
    return AddRuns(&ComparePlan::runs);
  }

  // The run handed out last is over: its record says whether it finished.
  Status Finish() {
    running_ = false;
    const auto& [plan, run] = todo_[next_++];
    InputChecksums now(files_);
    ASSIGN_OR_RETURN(const std::optional<RunRecord> record, FindRunRecord(*run, &now));
    if (!record.has_value()) return Failed(*plan, *run);
    if (!plan->config.keep_checkpoints()) {
      RETURN_IF_ERROR(files_.RemoveRecursively(run->config.checkpoint().directory()));
    }
    ++done_;
    time_left_.Finish(plan->method(*run).name(), record->seconds());
    LogInfo("run ", done_, "/", total_, " ", plan->NameOf(*run), ": ",
            Summary(record->evaluation()), "; ", static_cast<uint64_t>(record->seconds() + 0.5),
            " s");
    return Status::Ok();
  }

  // The run handed out last has no record.
  Status Failed(const ComparePlan& plan, const PlannedRun& run) {
    ASSIGN_OR_RETURN(const std::optional<std::string> why, FindFailure(files_, run));
    if (!why.has_value()) return Internal(run.DonePath() + " was not written");
    time_left_.Drop(plan.method(run).name());
    ++done_;
    LogWarning("run ", plan.NameOf(run), " failed, the others go on: ", *why);
    return Status::Ok();
  }

  FileSystem& files_ = PosixFiles();
  const PlanSource& source_;
  bool open_ = false;
  std::vector<ComparePlan> plans_;
  Runs todo_;              // into plans_
  size_t next_ = 0;        // of todo_
  bool sweeping_ = false;  // todo_ has the runs of sweeps; the others are still to come
  bool running_ = false;   // todo_[next_] was handed out
  size_t done_ = 0;
  size_t total_ = 0;
  TimeLeft time_left_;
};

}  // namespace

Result<bool> TrainRuns(double deadline_seconds, const PlanSource& plans) {
  Queue queue(plans);
  return RunJobs(
      deadline_seconds, [&] { return queue.Next(); }, TrainRun);
}

void TimeLeft::Measure(const std::string& method, double seconds) {
  methods_[method].finished += 1;
  methods_[method].seconds += seconds;
}

void TimeLeft::Drop(const std::string& method) { methods_[method].planned -= 1; }

void TimeLeft::Finish(const std::string& method, double seconds) {
  methods_[method].planned -= 1;
  Measure(method, seconds);
}

std::string TimeLeft::Text() const {
  Method all;
  for (const auto& [name, method] : methods_) {
    all.seconds += method.seconds;
    all.finished += method.finished;
  }
  if (all.finished == 0) return "";
  double left = 0;
  for (const auto& [name, method] : methods_) {
    const Method& known = method.finished > 0 ? method : all;
    left += known.seconds / known.finished * method.planned;
  }
  return left < 0.5 ? "" : ShortTime(left);
}

}  // namespace chorus::launch
