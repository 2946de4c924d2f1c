#include "launch/compare/runner.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>

#include "common/file.h"
#include "common/log.h"
#include "common/strings.h"
#include "launch/compare/ready_inputs.h"
#include "launch/compare/run_inputs.h"
#include "launch/compare/run_record.h"
#include "launch/compare/time_left.h"
#include "launch/job/job.h"
#include "worker/metrics/score_file.h"
#include "worker/train/trainer.h"

namespace chorus::launch {
namespace {

using Clock = std::chrono::steady_clock;

// One run, on every worker: trains from its newest checkpoint or from the start, keeps the scores
// of the test log, and completes the run in its folder.
Status TrainInto(const std::string& folder, const TrainConfig& config,
                 const worker::WorkerEnvironment& environment) {
  const Clock::time_point begin = Clock::now();
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
  ASSIGN_OR_RETURN(const worker::TrainResult result, worker::Train(config, true, scoring));
  if (!is_first) return Status::Ok();
  record.set_steps(result.steps);
  record.set_seconds(std::chrono::duration<double>(Clock::now() - begin).count());
  *record.mutable_evaluation() = *result.evaluation;
  return WriteRunRecord(files, folder, record);
}

Status TrainRun(const TrainConfig& config, const worker::WorkerEnvironment& environment) {
  const std::string folder = DirectoryOf(config.report().metrics());
  return TrainInto(folder, config, environment).Annotate(folder);
}

std::string OrDash(bool present, double value) {
  return present ? StrCat(value).substr(0, 6) : "-";
}

// "CTR AUC 0.7714, CVR AUC 0.7726, CTCVR AUC 0.81"
std::string Summary(const Evaluation& evaluation) {
  std::string text;
  for (const TaskMetrics& task : evaluation.task()) {
    text +=
        StrCat(text.empty() ? "" : ", ", task.task(), " AUC ", OrDash(task.has_auc(), task.auc()));
  }
  return text;
}

// Hands out the runs that are not done, on the first rank.
class Queue {
 public:
  explicit Queue(const PlanSource& plans) : source_(plans) {}

  Result<std::optional<Job>> Next() {
    if (!open_) RETURN_IF_ERROR(Open());
    if (running_) RETURN_IF_ERROR(Finish());
    if (next_ == todo_.size()) return std::optional<Job>();
    const Todo& todo = todo_[next_];
    RETURN_IF_ERROR(WriteJob(files_, *todo.run));
    running_ = true;
    Job job;
    job.config = todo.run->config;
    job.label = StrCat("run ", done_ + 1, "/", total_, " ", todo.plan->NameOf(*todo.run));
    const std::string left = time_left_.Text();
    if (!left.empty()) job.label += StrCat(" (", left, " left)");
    LogInfo(job.label, ": begins");
    return std::optional<Job>(std::move(job));
  }

 private:
  struct Todo {
    const ComparePlan* plan;
    const PlannedRun* run;
  };

  // All folders and inputs are looked at before the first run is trained: a wrong one is named at
  // once.
  Status Open() {
    open_ = true;
    ASSIGN_OR_RETURN(plans_, source_());
    InputChecksums now(files_);
    for (const ComparePlan& plan : plans_) {
      // Data sets whose inputs are there, by which of their logs is trained on.
      std::set<std::pair<uint32_t, bool>> ready;
      for (const PlannedRun& run : plan.runs) {
        ASSIGN_OR_RETURN(const std::optional<RunRecord> record, FindRunRecord(run, &now));
        if (!run.selected) continue;
        ++total_;
        if (!record.has_value()) {
          if (ready.emplace(run.fold, plan.method(run).potential()).second) {
            RETURN_IF_ERROR(CheckReady(files_, plan, run));
          }
          todo_.push_back({&plan, &run});
          time_left_.Plan(plan.method(run).name());
          continue;
        }
        ++done_;
        time_left_.Measure(plan.method(run).name(), record->seconds());
      }
    }
    if (done_ > 0) LogInfo(done_, " of ", total_, " runs are done already");
    return Status::Ok();
  }

  // The run handed out last is over: its record says how it went.
  Status Finish() {
    running_ = false;
    const Todo& todo = todo_[next_++];
    InputChecksums now(files_);
    ASSIGN_OR_RETURN(const std::optional<RunRecord> record, FindRunRecord(*todo.run, &now));
    if (!record.has_value()) return Internal(todo.run->DonePath() + " was not written");
    if (!todo.plan->config.keep_checkpoints()) {
      RETURN_IF_ERROR(files_.RemoveRecursively(todo.run->config.checkpoint().directory()));
    }
    ++done_;
    const std::string& method = todo.plan->method(*todo.run).name();
    time_left_.Finish(method, record->seconds());
    LogInfo("run ", done_, "/", total_, " ", todo.plan->NameOf(*todo.run), ": ",
            Summary(record->evaluation()), "; ", static_cast<uint64_t>(record->seconds() + 0.5),
            " s");
    return Status::Ok();
  }

  FileSystem& files_ = PosixFiles();
  const PlanSource& source_;
  bool open_ = false;
  std::vector<ComparePlan> plans_;
  std::vector<Todo> todo_;  // into plans_
  size_t next_ = 0;         // of todo_
  bool running_ = false;    // todo_[next_] was handed out
  size_t done_ = 0;
  size_t total_ = 0;
  TimeLeft time_left_;
};

}  // namespace

Result<bool> TrainRuns(const PlanSource& plans) {
  Queue queue(plans);
  return RunJobs([&] { return queue.Next(); }, TrainRun);
}

}  // namespace chorus::launch
