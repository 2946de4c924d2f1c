#include "worker/train/run_evaluations.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "common/log.h"
#include "worker/steps/shared_rows.h"
#include "worker/steps/time_order.h"

namespace chorus::worker {
namespace {

// An empty sample says nothing, and ends no run.
EvaluationLogs LogsOfRun(const TrainConfig& config) {
  EvaluationLogs logs = EvaluationLogs::Of(config);
  logs.may_be_empty = true;
  return logs;
}

}  // namespace

Result<std::unique_ptr<RunEvaluations>> RunEvaluations::Create(Session* session,
                                                               const TrainingData& data) {
  std::unique_ptr<RunEvaluations> evaluations(new RunEvaluations(session, data));
  const TrainConfig& config = session->config();
  if (config.evaluate().log_size() == 0) return evaluations;
  ASSIGN_OR_RETURN(evaluations->evaluator_, Evaluator::Create(session, LogsOfRun(config)));
  if (!evaluations->is_first()) return evaluations;
  FileSystem& files = *session->environment().files;
  // Of a log that is followed, data has one file at a time.
  const OpenLogs open = {.training = data.followed ? nullptr : data.log.get()};
  for (const std::string& doubt :
       {DoubtOfSharedRows(files, config), DoubtOfTimeOrder(files, config, open)}) {
    if (!doubt.empty()) LogWarning(doubt);
  }
  return evaluations;
}

Result<RunEvaluations::Owed> RunEvaluations::Open(uint64_t done_steps, const std::string& claim) {
  if (is_first()) {
    ASSIGN_OR_RETURN(best_, BestTracker::Open(*session_->environment().files, config().checkpoint(),
                                              done_steps, claim));
  }
  const bool ended = done_steps >= data_.last_step && !data_.goes_on;
  if (done_steps == 0 || ended) return Owed::kNothing;
  // The checkpoint may be there without the report of the evaluation after the same step.
  if (!KeepsBest()) return IsDue(done_steps) ? Owed::kEvaluation : Owed::kNothing;
  std::string owed;
  if (is_first()) {
    if (best_->exhausted()) owed = "end";
    if (IsJudged(done_steps) && best_->evaluated_step() < done_steps) owed = "evaluation";
  }
  ASSIGN_OR_RETURN(owed, workers().Broadcast(owed, 0));
  return owed == "end" ? Owed::kEnd : owed == "evaluation" ? Owed::kEvaluation : Owed::kNothing;
}

bool RunEvaluations::IsDue(uint64_t step) const {
  if (!enabled()) return false;
  const uint64_t every = config().evaluate().every_steps();
  return data_.IsLastOfRun(step) || (every > 0 && step % every == 0);
}

bool RunEvaluations::KeepsBest() const {
  return enabled() && !config().checkpoint().directory().empty() &&
         config().checkpoint().best() != CheckpointConfig::NONE;
}

// Evaluations in an early stage say nothing of heads that are trained later, and one after a signal
// is not among those that an undisturbed run has.
bool RunEvaluations::IsJudged(uint64_t step) const {
  return KeepsBest() && IsDue(step) && data_.stages.StageOf(step) + 1 == data_.stages.stages();
}

Result<bool> RunEvaluations::Run(uint64_t step, TrainProgress* progress) {
  using Clock = std::chrono::steady_clock;
  const auto& on_scores = session_->environment().on_scores;
  const bool wants_scores = data_.IsLastOfRun(step) && on_scores != nullptr;
  const Clock::time_point begin = Clock::now();
  Scores scores;
  ASSIGN_OR_RETURN(std::optional<Evaluation> evaluation,
                   evaluator_->Run(wants_scores ? &scores : nullptr));
  last_seconds_ = std::chrono::duration<double>(Clock::now() - begin).count();
  if (evaluation.has_value()) {
    RETURN_IF_ERROR(progress->AddEvaluation(step, evaluator_->log_name(), *evaluation));
    last_ = std::move(evaluation);
    if (wants_scores) RETURN_IF_ERROR(on_scores(scores));
  }
  if (IsJudged(step)) progress->Sync();  // once judged, a resumed run does not evaluate it again
  return Judge(step);
}

// Whether it is the best so far, and whether the run ends with it.
Result<bool> RunEvaluations::Judge(uint64_t step) {
  if (!IsJudged(step)) return false;
  std::string decision;
  if (is_first()) {
    const bool is_new = best_->evaluated_step() < step;
    if (is_new && last_.has_value()) RETURN_IF_ERROR(best_->Add(step, *last_));
    if (best_->exhausted()) decision = "end";
  }
  ASSIGN_OR_RETURN(decision, workers().Broadcast(decision, 0));
  return decision == "end" && !data_.IsLastOfRun(step);
}

Status RunEvaluations::TestFile(uint64_t step, TrainProgress* progress) {
  EvaluationLogs logs = LogsOfRun(config());
  logs.log = {data_.log->files().front()};
  ASSIGN_OR_RETURN(const auto evaluator, Evaluator::Create(session_, logs));
  ASSIGN_OR_RETURN(const std::optional<Evaluation> evaluation, evaluator->Run());
  if (!evaluation.has_value()) return Status::Ok();
  return progress->AddEvaluation(step, evaluator->log_name(), *evaluation);
}

double RunEvaluations::ExpectedSeconds(double exposures_per_second) const {
  if (last_seconds_ > 0) return last_seconds_;
  return static_cast<double>(evaluator_->rows()) / std::max(exposures_per_second, 1.0);
}

std::optional<BestCheckpoint> RunEvaluations::best() const {
  return best_.has_value() ? best_->best() : std::nullopt;
}

}  // namespace chorus::worker
