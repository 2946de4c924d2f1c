#include "worker/train/trainer.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <optional>
#include <utility>

#include "common/check.h"
#include "common/config.h"
#include "common/log.h"
#include "worker/engine/engine.h"
#include "worker/model/schedule.h"
#include "worker/steps/step_reader.h"
#include "worker/steps/training_data.h"
#include "worker/train/checkpoint_store.h"
#include "worker/train/checkpointer.h"
#include "worker/train/evaluator.h"
#include "worker/train/restore.h"
#include "worker/train/session.h"
#include "worker/train/step_sums.h"
#include "worker/train/train_progress.h"

namespace chorus::worker {
namespace {

using Clock = std::chrono::steady_clock;

// Adds the time since the last lap to a part of the step.
class Laps {
 public:
  void Lap(double* part) {
    const Clock::time_point now = Clock::now();
    *part += std::chrono::duration<double>(now - last_).count();
    last_ = now;
  }

 private:
  Clock::time_point last_ = Clock::now();
};

// The memory of a sum over workers stays in use until it is finished; a step that fails gives it
// up.
class BegunSum {
 public:
  explicit BegunSum(Collective* workers) : workers_(workers) {}
  ~BegunSum() { workers_->GiveUpTreeSum(); }
  BegunSum(const BegunSum&) = delete;
  BegunSum& operator=(const BegunSum&) = delete;

 private:
  Collective* const workers_;
};

class Trainer {
 public:
  Trainer(const TrainConfig& config, const WorkerEnvironment& environment)
      : config_(config), environment_(environment), ahead_(config.step().pull_ahead()) {}

  Status Open(bool resume);
  Result<TrainResult> Run();

 private:
  Status OpenSession();
  Status RestoreState(bool resume);
  void StartReading();
  // The batch of `step`, read if it has not been; steps in order.
  Result<StepBatch*> BatchOf(uint64_t step);
  Status Send(uint64_t step, std::unique_ptr<StepGradients> gradients,
              const SnapshotRequest* snapshot);
  Status WaitForRows(uint64_t step);  // until the replies of all steps up to this one are in
  Status SumDoubles(const TreeTerms& terms, std::span<double> out);  // over all workers, and waits
  Status SumFirstSpaces();
  Status TrainStep(uint64_t step);
  Status SumPartials(uint64_t step);
  std::unique_ptr<StepGradients> TakeSparseGradients(uint64_t step);
  void FillExtras(const StepBatch* batch, const StepBatch* next);
  Status FinishSum(uint64_t step);
  Status AfterStep(uint64_t step);
  Status Evaluate(uint64_t step);
  bool is_first() const { return environment_.collective->rank() == 0; }

  const TrainConfig config_;
  const WorkerEnvironment environment_;
  const uint64_t ahead_;
  std::optional<TrainingData> data_;
  std::unique_ptr<Session> session_;
  Engine* compute_ = nullptr;  // the session's
  std::unique_ptr<Checkpointer> checkpointer_;
  std::unique_ptr<Evaluator> evaluator_;
  std::unique_ptr<TrainProgress> progress_;
  uint64_t first_step_ = 1;
  std::deque<std::unique_ptr<StepBatch>> batches_;  // read, not yet trained; front = the next step
  std::unique_ptr<StepReader> reader_;              // after what it reads
  std::deque<std::shared_ptr<const PulledRows>> rows_;  // replies that are in, not yet used
  uint64_t rows_in_ = 0;                                // the last step whose reply is in
  SpaceWeights spaces_;                                 // of the whole step that is trained now
  std::vector<double> partials_;                        // likewise, for objectives that need them
  std::vector<Normalizer> normalizers_;                 // [terms], of the step that is trained now
  std::vector<float> gradient_;                         // [parameters], of all workers, or empty
  StepSums sums_;                                       // likewise
  bool snapshot_due_ = false;                           // worker 0's clock said so in the last step
  TrainResult result_;
  Laps laps_;
};

Status Trainer::Open(bool resume) {
  ASSIGN_OR_RETURN(data_, OpenTrainingData(config_, *environment_.files));
  if (is_first()) Announce(config_, *data_);
  RETURN_IF_ERROR(OpenSession());
  RETURN_IF_ERROR(RestoreState(resume));
  ASSIGN_OR_RETURN(
      progress_, TrainProgress::Create(session_.get(), *data_->plan, data_->stages, first_step_ - 1,
                                       data_->last_step, evaluator_ != nullptr));
  StartReading();
  return Status::Ok();
}

Status Trainer::OpenSession() {
  ASSIGN_OR_RETURN(session_,
                   Session::Create(config_, data_->log->schema(), environment_, StepSums::kExtras));
  compute_ = &session_->engine();
  RETURN_IF_ERROR(compute_->JoinWorkers());
  gradient_.resize(compute_->keeps_gradients() ? 0 : session_->model().parameters().size());
  sums_ = StepSums(session_->objective().terms().size());

  CheckpointManifest manifest;
  manifest.set_version(1);
  manifest.set_shards(config_.cluster().shards());
  for (const TableSpec& table : session_->tables()) manifest.add_table(table.name);
  *manifest.mutable_config() = config_;
  manifest.set_log_fingerprint(data_->log->fingerprint());
  manifest.set_planned_steps(data_->last_step);
  manifest.set_computed_on(session_->engine().computes_on());
  SchemaToManifest(data_->log->schema(), &manifest);
  checkpointer_ = std::make_unique<Checkpointer>(*environment_.files, manifest, is_first(),
                                                 &session_->client());
  if (config_.evaluate().log_size() > 0) {
    ASSIGN_OR_RETURN(evaluator_, Evaluator::Create(session_.get(), EvaluationLogs::Of(config_)));
  }
  return Status::Ok();
}

Status Trainer::RestoreState(bool resume) {
  ASSIGN_OR_RETURN(
      const std::string folder,
      FindResumable(session_.get(), resume, {data_->log->fingerprint(), data_->last_step}));
  RETURN_IF_ERROR(checkpointer_->Open());
  if (!folder.empty()) {
    ASSIGN_OR_RETURN(const uint64_t step, session_->Restore(folder, Session::RestoreMode::kResume));
    first_step_ = step + 1;
    result_.checkpoint = folder;
    if (is_first()) LogInfo("resuming after step ", step, " from ", folder);
  } else if (!config_.warm_start().checkpoint().empty()) {
    RETURN_IF_ERROR(WarmStart(session_.get()));
  }
  return environment_.collective->Barrier();
}

void Trainer::StartReading() {
  StepReaderOptions options = session_->reader_options();
  options.stages = &data_->stages;
  options.first_step = first_step_;
  options.last_step = data_->last_pulled;
  reader_ = std::make_unique<StepReader>(*data_->plan, options);
}

Result<StepBatch*> Trainer::BatchOf(uint64_t step) {
  while (batches_.empty() || batches_.back()->step < step) {
    ASSIGN_OR_RETURN(std::unique_ptr<StepBatch> batch, reader_->Next());
    batches_.push_back(std::move(batch));
  }
  return batches_[step - batches_.front()->step].get();
}

Status Trainer::Send(uint64_t step, std::unique_ptr<StepGradients> gradients,
                     const SnapshotRequest* snapshot) {
  if (step <= data_->last_pulled) {
    ASSIGN_OR_RETURN(StepBatch* const batch, BatchOf(step));
    laps_.Lap(&result_.times.read);
    return session_->client().Send(step, batch->keys, std::move(gradients), snapshot);
  }
  TableKeys none;
  none.shard_counts.assign(config_.cluster().shards(), 0);
  const std::vector<TableKeys> no_keys(session_->tables().size(), none);
  return session_->client().Send(step, no_keys, std::move(gradients), snapshot);
}

Status Trainer::WaitForRows(uint64_t step) {
  for (; rows_in_ < step; ++rows_in_) {
    ASSIGN_OR_RETURN(std::shared_ptr<const PulledRows> rows, session_->client().Wait(rows_in_ + 1));
    rows_.push_back(std::move(rows));
  }
  return Status::Ok();
}

Status Trainer::SumDoubles(const TreeTerms& terms, std::span<double> out) {
  RETURN_IF_ERROR(
      environment_.collective->BeginTreeSum(terms, config_.step().grains_per_step(), {}, out));
  return environment_.collective->FinishTreeSum();
}

// The first step's label counts have no earlier step to ride in.
Status Trainer::SumFirstSpaces() {
  ASSIGN_OR_RETURN(StepBatch* const batch, BatchOf(first_step_));
  FillExtras(nullptr, batch);
  RETURN_IF_ERROR(SumDoubles(compute_->ExtraSums(), sums_.all()));
  spaces_ = sums_.next_spaces();
  return Status::Ok();
}

Result<TrainResult> Trainer::Run() {
  const Clock::time_point begin = Clock::now();
  if (first_step_ <= data_->last_step) {
    rows_in_ = first_step_ - 1;
    for (uint64_t step = first_step_; step <= first_step_ + ahead_; ++step) {
      RETURN_IF_ERROR(Send(step, nullptr, nullptr));
    }
    RETURN_IF_ERROR(SumFirstSpaces());
    for (uint64_t step = first_step_; step <= data_->last_step; ++step) {
      const Status status = TrainStep(step);
      if (!status.ok()) return status.Annotate(StrCat("step ", step));
    }
    RETURN_IF_ERROR(WaitForRows(data_->last_step + 1 + ahead_));
    RETURN_IF_ERROR(checkpointer_->Poll(true));
    if (checkpointer_->enabled()) {
      result_.checkpoint = CheckpointFolder(config_.checkpoint().directory(), data_->last_step);
    }
  } else {
    if (is_first()) {
      LogInfo("nothing left to train: the checkpoint is that of the last planned step");
    }
    if (evaluator_ != nullptr) RETURN_IF_ERROR(Evaluate(data_->last_step));
  }
  RETURN_IF_ERROR(progress_->Finish());
  result_.steps = std::max(data_->last_step, first_step_ - 1);
  result_.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  result_.keys_seen = reader_->keys_seen();
  result_.keys_unique = reader_->keys_unique();
  result_.contexts_pooled = compute_->contexts_pooled();
  result_.bytes_sent = session_->client().bytes_sent();
  result_.bytes_received = session_->client().bytes_received();
  return result_;
}

// One step: rows in, grains computed, gradients out, dense weights moved.
Status Trainer::TrainStep(uint64_t step) {
  ASSIGN_OR_RETURN(StepBatch* const batch, BatchOf(step));
  laps_.Lap(&result_.times.read);
  RETURN_IF_ERROR(WaitForRows(step));
  std::shared_ptr<const PulledRows> rows = std::move(rows_.front());
  rows_.pop_front();
  laps_.Lap(&result_.times.pull);
  RETURN_IF_ERROR(compute_->Begin(*batch, *rows));
  RETURN_IF_ERROR(SumPartials(step));
  normalizers_ = session_->objective().Normalizers(batch->stage, spaces_, partials_);
  RETURN_IF_ERROR(compute_->Train(ScalesOf(normalizers_)));
  laps_.Lap(&result_.times.compute);
  StepBatch* next = nullptr;
  if (step < data_->last_step) {
    ASSIGN_OR_RETURN(next, BatchOf(step + 1));
    laps_.Lap(&result_.times.read);
    RETURN_IF_ERROR(compute_->Prepare(*next));
  }
  RETURN_IF_ERROR(compute_->FinishTrain());
  rows = nullptr;
  laps_.Lap(&result_.times.compute);
  FillExtras(batch, next);
  const BegunSum sum(environment_.collective);
  RETURN_IF_ERROR(environment_.collective->BeginTreeSum(
      compute_->NodeSums(), config_.step().grains_per_step(), gradient_, sums_.all()));

  std::unique_ptr<StepGradients> gradients = TakeSparseGradients(step);
  std::optional<SnapshotRequest> snapshot;
  if (checkpointer_->DueByStep(step) || std::exchange(snapshot_due_, false)) {
    ASSIGN_OR_RETURN(snapshot, checkpointer_->Begin(step, data_->stages.StageOf(step)));
  }
  RETURN_IF_ERROR(Send(step + 1 + ahead_, std::move(gradients), snapshot ? &*snapshot : nullptr));
  laps_.Lap(&result_.times.combine);
  RETURN_IF_ERROR(FinishSum(step));
  if (snapshot.has_value()) {
    RETURN_IF_ERROR(progress_->Sync());  // a resumed run goes on behind them
    ASSIGN_OR_RETURN(DenseState state, session_->CaptureDenseState(step));
    checkpointer_->AddDenseState(std::move(state));
  }
  reader_->Recycle(std::move(batches_.front()));
  batches_.pop_front();
  RETURN_IF_ERROR(AfterStep(step));
  laps_.Lap(&result_.times.other);
  if (environment_.on_step) environment_.on_step(step, result_.times);
  return Status::Ok();
}

// For denominators that need logits: the forward pass, and its sums over the whole step.
Status Trainer::SumPartials(uint64_t step) {
  partials_.resize(session_->objective().partials(data_->stages.StageOf(step)));
  if (partials_.empty()) return Status::Ok();
  RETURN_IF_ERROR(compute_->Forward());
  laps_.Lap(&result_.times.compute);
  RETURN_IF_ERROR(SumDoubles(compute_->PartialSums(), partials_));
  laps_.Lap(&result_.times.all_reduce);
  return Status::Ok();
}

std::unique_ptr<StepGradients> Trainer::TakeSparseGradients(uint64_t step) {
  auto gradients = std::make_unique<StepGradients>(compute_->CombineSparse());
  for (const TableSpec& table : session_->tables()) {
    gradients->lr_factors.push_back(ScheduleFactor(table.config.schedule(),
                                                   data_->stages.StepInStage(step),
                                                   data_->stages.StepsOfStage(step)));
  }
  return gradients;
}

// What this worker's grains add to the step's sum beside losses. Either batch may be null.
void Trainer::FillExtras(const StepBatch* batch, const StepBatch* next) {
  for (uint32_t g = 0; g < session_->grains().size(); ++g) {
    const bool snapshot_due = is_first() && g == 0 && checkpointer_->DueByTime();
    StepSums::FillExtras(batch != nullptr ? &batch->grains[g] : nullptr,
                         next != nullptr ? &next->spaces[g] : nullptr, snapshot_due,
                         compute_->Extras(g));
  }
}

Status Trainer::FinishSum(uint64_t step) {
  RETURN_IF_ERROR(environment_.collective->FinishTreeSum());
  laps_.Lap(&result_.times.all_reduce);
  RETURN_IF_ERROR(session_->UpdateDense(data_->stages.StageOf(step),
                                        data_->stages.StepInStage(step),
                                        data_->stages.StepsOfStage(step), gradient_));
  laps_.Lap(&result_.times.optimizer);
  ASSIGN_OR_RETURN(result_.loss,
                   progress_->AddStep(step, normalizers_, sums_.terms(), sums_.rows()));
  result_.exposures = progress_->exposures();
  spaces_ = sums_.next_spaces();
  snapshot_due_ = sums_.snapshot_due() && step + 1 < data_->last_step;
  return Status::Ok();
}

Status Trainer::AfterStep(uint64_t step) {
  RETURN_IF_ERROR(checkpointer_->Poll(false));
  if (evaluator_ == nullptr) return Status::Ok();
  const uint64_t every = config_.evaluate().every_steps();
  if (step != data_->last_step && (every == 0 || step % every != 0)) return Status::Ok();
  // The reply to the frame that carried this step's gradients: until all workers send the next
  // frame, the rows are those after this very step.
  RETURN_IF_ERROR(WaitForRows(step + 1 + ahead_));
  // What was trained is kept before anything else can go wrong.
  if (step == data_->last_step) RETURN_IF_ERROR(checkpointer_->Poll(true));
  return Evaluate(step);
}

Status Trainer::Evaluate(uint64_t step) {
  const bool wants_scores = step == data_->last_step && environment_.on_scores != nullptr;
  Scores scores;
  ASSIGN_OR_RETURN(std::optional<Evaluation> evaluation,
                   evaluator_->Run(wants_scores ? &scores : nullptr));
  if (evaluation.has_value()) {
    RETURN_IF_ERROR(progress_->AddEvaluation(step, evaluator_->log_name(), *evaluation));
    result_.evaluation = std::move(evaluation);
    if (wants_scores) RETURN_IF_ERROR(environment_.on_scores(scores));
  }
  return Status::Ok();
}

}  // namespace

Result<TrainResult> Train(const TrainConfig& config, bool resume,
                          const WorkerEnvironment& environment) {
  Trainer trainer(config, environment);
  RETURN_IF_ERROR(trainer.Open(resume));
  return trainer.Run();
}

}  // namespace chorus::worker
