#include "worker/train/trainer.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "common/log.h"
#include "common/strings.h"
#include "worker/engine/engine.h"
#include "worker/model/schedule.h"
#include "worker/train/checkpoint_store.h"
#include "worker/train/trainer_impl.h"

namespace chorus::worker {

Status Trainer::Send(uint64_t step, std::unique_ptr<StepGradients> gradients,
                     const SnapshotRequest* snapshot) {
  if (feed_->is_pulled(step)) {
    RETURN_IF_ERROR(feed_->BatchOf(step).status());
    laps_.Lap(&result_.times.read, "read");
  }
  return feed_->Send(step, std::move(gradients), snapshot);
}

Result<TrainResult> Trainer::Run() {
  begin_ = Clock::now();
  if (owed_ == RunEvaluations::Owed::kEvaluation) RETURN_IF_ERROR(Evaluate(first_step_ - 1));
  if (owed_ == RunEvaluations::Owed::kEnd) EndEarly(first_step_ - 1);
  if (result_.stopped_early) {
    if (is_first()) LogInfo("nothing left to train: checkpoint.patience ended this run");
  } else if (followed_ != nullptr) {
    RETURN_IF_ERROR(TrainFollowed());
  } else if (first_step_ <= data_->last_step) {
    RETURN_IF_ERROR(TrainPlannedSteps());
  } else {
    if (is_first()) {
      LogInfo("nothing left to train: the checkpoint is that of the last planned step");
    }
    if (evaluations_->enabled()) RETURN_IF_ERROR(Evaluate(data_->last_step));
  }
  progress_->Finish();
  return Finished(std::chrono::duration<double>(Clock::now() - begin_).count());
}

Status Trainer::TrainPlannedSteps() {
  for (uint64_t step = first_step_; step <= first_step_ + ahead_; ++step) {
    RETURN_IF_ERROR(Send(step, nullptr, nullptr));
  }
  ASSIGN_OR_RETURN(const StepBatch* const first, feed_->BatchOf(first_step_));
  RETURN_IF_ERROR(sums_->SumFirstSpaces(*first));
  uint64_t step = first_step_;
  for (; step <= end_step_; ++step) {
    const Status status = TrainStep(step);
    if (!status.ok()) return status.Annotate(StrCat("step ", step));
  }
  // The servers have applied the last gradients once they have answered the frame that carried
  // them; the last snapshot is complete then, too.
  RETURN_IF_ERROR(feed_->WaitForRows(end_step_ + 1 + ahead_));
  CountReads();
  const bool by_signal = end_step_ < data_->last_step && !result_.stopped_early;
  if (data_->goes_on && !by_signal) return Status::Ok();
  RETURN_IF_ERROR(checkpointer_->Poll(true));
  if (checkpointer_->enabled()) {
    result_.checkpoint = CheckpointFolder(config_.checkpoint().directory(), end_step_);
  }
  return by_signal ? FinishStopped() : Status::Ok();
}

Result<SnapshotRequest> Trainer::BeginCheckpoint(uint64_t step) {
  saved_step_ = step;
  CheckpointManifest position;
  if (followed_ != nullptr) followed_->Describe(&position);
  return checkpointer_->Begin(step, data_->stages.StageOf(step),
                              followed_ != nullptr ? &position : nullptr);
}

// After the dense update of the checkpoint's step.
Status Trainer::FinishCheckpoint(uint64_t step) {
  progress_->Sync();  // a resumed run goes on behind them
  ASSIGN_OR_RETURN(DenseState state, session_->CaptureDenseState(step));
  checkpointer_->AddDenseState(std::move(state));
  return Status::Ok();
}

void Trainer::CountReads() {
  result_.keys_seen += feed_->reader().keys_seen();
  result_.keys_unique += feed_->reader().keys_unique();
}

// The run was asked to stop, and its state is saved. The model is evaluated if that takes less than
// what is left of the grace; a first evaluation is taken to read as fast as training did.
Status Trainer::FinishStopped() {
  result_.stopped = true;
  if (!evaluations_->enabled() || evaluations_->IsDue(end_step_)) return Status::Ok();
  const double rate = static_cast<double>(result_.exposures) /
                      std::chrono::duration<double>(Clock::now() - begin_).count();
  const double expected = evaluations_->ExpectedSeconds(rate);
  const std::chrono::duration<double> since_seen = Clock::now() - stop_seen_;
  const bool fits = since_seen.count() + expected <= config_.checkpoint().grace_seconds();
  ASSIGN_OR_RETURN(const std::string agreed,
                   environment_.collective->Broadcast(fits ? "evaluate" : "", 0));
  return agreed.empty() ? Status::Ok() : Evaluate(end_step_);
}

TrainResult Trainer::Finished(double seconds) {
  result_.steps = std::max(end_step_, first_step_ - 1);
  result_.trained_steps = result_.steps - restored_step_;
  if (followed_ == nullptr) result_.log_rows = data_->plan->counts().kept_rows;
  result_.seconds = seconds;
  result_.contexts_pooled = engine().contexts_pooled();
  result_.bytes_sent = session_->client().bytes_sent();
  result_.bytes_received = session_->client().bytes_received();
  result_.frames_sent = session_->client().frames_sent();
  result_.frames_received = session_->client().frames_received();
  result_.sums_sent = environment_.collective->sum_traffic();
  result_.evaluation = evaluations_->last();
  result_.best = evaluations_->best();
  return result_;
}

// One step: rows in, grains computed, gradients out, dense weights moved.
Status Trainer::TrainStep(uint64_t step) {
  if (environment_.before_step) RETURN_IF_ERROR(environment_.before_step(step));
  laps_.Lap(&result_.times.other, "between steps");
  laps_.BeginStep();
  ASSIGN_OR_RETURN(StepBatch* const batch, feed_->BatchOf(step));
  laps_.Lap(&result_.times.read, "read");
  RETURN_IF_ERROR(feed_->WaitForRows(step));
  std::shared_ptr<const PulledRows> rows = feed_->TakeRows();
  laps_.Lap(&result_.times.pull, "wait for rows");
  RETURN_IF_ERROR(Compute(*batch, *rows));
  ASSIGN_OR_RETURN(const StepBatch* const next, PrepareNext(step));
  RETURN_IF_ERROR(engine().FinishTrain());
  rows = nullptr;
  laps_.Lap(&result_.times.compute, "compute");
  const BegunSum sum(environment_.collective);
  const bool asked = environment_.stop_requested && environment_.stop_requested();
  RETURN_IF_ERROR(sums_->Begin(*batch, next, {is_first() && checkpointer_->DueByTime(), asked}));

  std::unique_ptr<StepGradients> gradients = TakeSparseGradients(step);
  std::optional<SnapshotRequest> snapshot;
  // Where other files may come, the state behind the last step of one is saved when they do not.
  const bool ends = step == end_step_ && !(data_->goes_on && step == data_->last_step);
  const bool ends_early = ends && checkpointer_->enabled();
  if (checkpointer_->DueByStep(step) || std::exchange(snapshot_due_, false) || ends_early) {
    ASSIGN_OR_RETURN(snapshot, BeginCheckpoint(step));
  }
  RETURN_IF_ERROR(Send(step + 1 + ahead_, std::move(gradients), snapshot ? &*snapshot : nullptr));
  laps_.Lap(&result_.times.combine, "push");
  RETURN_IF_ERROR(FinishSum(step));
  if (snapshot.has_value()) {
    RETURN_IF_ERROR(FinishCheckpoint(step));
  }
  feed_->Recycle();
  RETURN_IF_ERROR(AfterStep(step));
  laps_.Lap(&result_.times.other, "other");
  laps_.EndStep(step);
  if (environment_.on_step) environment_.on_step(step, result_.times);
  return Status::Ok();
}

// Begins losses and gradients of all grains. Denominators that need logits cost the forward pass
// and one small sum over the whole step before it.
Status Trainer::Compute(const StepBatch& batch, const PulledRows& rows) {
  RETURN_IF_ERROR(engine().Begin(batch, rows));
  if (session_->objective().partials(batch.stage) > 0) {
    RETURN_IF_ERROR(engine().Forward());
    laps_.Lap(&result_.times.compute, "compute");
  }
  RETURN_IF_ERROR(sums_->SumPartials(batch.stage));
  if (session_->objective().partials(batch.stage) > 0)
    laps_.Lap(&result_.times.all_reduce, "wait for sums");
  RETURN_IF_ERROR(engine().Train(ScalesOf(sums_->Normalize(batch.stage))));
  laps_.Lap(&result_.times.compute, "compute");
  return Status::Ok();
}

// The batch of the step after this one, on its way to a device while that computes; null behind the
// last step.
Result<StepBatch*> Trainer::PrepareNext(uint64_t step) {
  StepBatch* next = nullptr;
  if (step == data_->last_step) return next;
  ASSIGN_OR_RETURN(next, feed_->BatchOf(step + 1));
  laps_.Lap(&result_.times.read, "read");
  RETURN_IF_ERROR(engine().Prepare(*next));
  return next;
}

std::unique_ptr<StepGradients> Trainer::TakeSparseGradients(uint64_t step) {
  auto gradients = std::make_unique<StepGradients>(engine().CombineSparse());
  for (const TableSpec& table : session_->tables()) {
    gradients->lr_factors.push_back(ScheduleFactor(table.config.schedule(),
                                                   data_->stages.StepInStage(step),
                                                   data_->stages.StepsOfStage(step)));
  }
  return gradients;
}

Status Trainer::FinishSum(uint64_t step) {
  RETURN_IF_ERROR(sums_->Finish());
  laps_.Lap(&result_.times.all_reduce, "wait for sums");
  RETURN_IF_ERROR(session_->UpdateDense(data_->stages.StageOf(step),
                                        data_->stages.StepInStage(step),
                                        data_->stages.StepsOfStage(step), sums_->gradient()));
  laps_.Lap(&result_.times.optimizer, "dense update");
  ASSIGN_OR_RETURN(result_.loss,
                   progress_->AddStep(step, sums_->normalizers(), sums_->terms(), sums_->rows()));
  result_.exposures = progress_->exposures();
  snapshot_due_ = sums_->snapshot_due() && step + 1 < data_->last_step;
  if (sums_->stop_due() && end_step_ == data_->last_step && step < end_step_) {
    end_step_ = step + 1;  // whose frame can still ask for a snapshot
    stop_seen_ = Clock::now();
    if (is_first()) LogInfo("asked to stop: the run ends after step ", end_step_);
  }
  return Status::Ok();
}

Status Trainer::AfterStep(uint64_t step) {
  RETURN_IF_ERROR(checkpointer_->Poll(false));
  if (!evaluations_->IsDue(step)) return Status::Ok();
  // The reply to the frame that carried this step's gradients: until all workers send the next
  // frame, the rows are those after this very step.
  RETURN_IF_ERROR(feed_->WaitForRows(step + 1 + ahead_));
  // What was trained is kept before anything else can go wrong, and what may be the best is there
  // before it is called so.
  if (data_->IsLastOfRun(step) || evaluations_->KeepsBest()) {
    RETURN_IF_ERROR(checkpointer_->Poll(true));
  }
  return Evaluate(step);
}

// The run ends here where patience says so.
Status Trainer::Evaluate(uint64_t step) {
  ASSIGN_OR_RETURN(const bool ends, evaluations_->Run(step, progress_.get()));
  if (ends) EndEarly(step);
  return Status::Ok();
}

void Trainer::EndEarly(uint64_t step) {
  end_step_ = step;
  result_.stopped_early = true;
}

Result<TrainResult> Train(const TrainConfig& config, Resume resume,
                          const WorkerEnvironment& environment) {
  Trainer trainer(config, resume, environment);
  RETURN_IF_ERROR(trainer.Open());
  return trainer.Run();
}

}  // namespace chorus::worker
