#include "launch/compare/run/runner.h"

#include <chrono>
#include <optional>
#include <set>
#include <utility>

#include "common/log.h"
#include "common/progress.h"
#include "common/strings.h"
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

Status TrainRun(const TrainConfig& config, const worker::WorkerEnvironment& environment) {
  const std::string folder = DirectoryOf(config.report().metrics());
  return TrainInto(folder, config, environment).Annotate(folder);
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
    if (next_ == todo_.size()) return std::optional<Job>();
    const auto& [plan, run] = todo_[next_];
    RETURN_IF_ERROR(WriteJob(files_, *run));
    running_ = true;
    const std::string left = time_left_.Text();
    Job job{run->config, StrCat("run ", done_ + 1, "/", total_, " ", plan->NameOf(*run),
                                left.empty() ? "" : StrCat(" (", left, " left)"))};
    LogInfo(job.label, ": begins");
    return std::optional<Job>(std::move(job));
  }

 private:
  // All folders and inputs are looked at before the first run is trained: a wrong one is named at
  // once.
  Status Open() {
    open_ = true;
    ASSIGN_OR_RETURN(plans_, source_());
    InputChecksums now(files_);
    for (const ComparePlan& plan : plans_) {
      // Data sets whose inputs are there, by which of their logs is trained on.
      std::set<std::pair<int, bool>> ready;
      for (const PlannedRun& run : plan.runs) {
        ASSIGN_OR_RETURN(const std::optional<RunRecord> record, FindRunRecord(run, &now));
        if (!run.selected) continue;
        ++total_;
        const CompareMethod& method = plan.method(run);
        if (record.has_value()) {
          ++done_;
          time_left_.Measure(method.name(), record->seconds());
          continue;
        }
        if (ready.emplace(run.fold, method.potential()).second) {
          RETURN_IF_ERROR(CheckReady(files_, plan, run));
        }
        todo_.emplace_back(&plan, &run);
        time_left_.Plan(method.name());
      }
    }
    if (done_ > 0) LogInfo(done_, " of ", total_, " runs are done already");
    return Status::Ok();
  }

  // The run handed out last is over: its record says how it went.
  Status Finish() {
    running_ = false;
    const auto& [plan, run] = todo_[next_++];
    InputChecksums now(files_);
    ASSIGN_OR_RETURN(const std::optional<RunRecord> record, FindRunRecord(*run, &now));
    if (!record.has_value()) return Internal(run->DonePath() + " was not written");
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

  FileSystem& files_ = PosixFiles();
  const PlanSource& source_;
  bool open_ = false;
  std::vector<ComparePlan> plans_;
  std::vector<std::pair<const ComparePlan*, const PlannedRun*>> todo_;  // into plans_
  size_t next_ = 0;                                                     // of todo_
  bool running_ = false;  // todo_[next_] was handed out
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
