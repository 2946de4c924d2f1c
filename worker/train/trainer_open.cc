// All that is there before the first step: the log, the checkpoint to go on from, the model with its
// state, the claim to the checkpoint folder, and the reports.

#include <memory>
#include <string>

#include "common/build_id.h"
#include "common/log.h"
#include "common/strings.h"
#include "worker/collective/agreement.h"
#include "worker/engine/engine.h"
#include "worker/log/cell_rules.h"
#include "worker/log/manifest_schema.h"
#include "worker/model/trainable.h"
#include "worker/train/checkpoint_store.h"
#include "worker/train/restore.h"
#include "worker/train/run_head.h"
#include "worker/train/trainer_impl.h"
#include "worker/train/warm_start.h"

namespace chorus::worker {
namespace {

// A damaged checkpoint is an error whose remedy is an earlier one.
Status OfferFallback(Resume resume, const Status& status) {
  if (status.code() != Code::kDataLoss) return status;
  if (resume == Resume::kNewestWhole) {
    return status.Annotate("remove or rename this checkpoint's folder to go on from one before it");
  }
  return status.Annotate("--resume --fallback goes on from an earlier checkpoint, if one is whole");
}

}  // namespace

Status Trainer::Open() {
  RETURN_IF_ERROR(CheckAgreement("the program's build", BuildId(), environment_.collective));
  fenced_ = std::make_unique<FencedFiles>(*environment_.files);
  environment_.files = fenced_.get();
  RETURN_IF_ERROR(OpenData());
  end_step_ = data_->last_step;
  RETURN_IF_ERROR(OpenSession());
  RETURN_IF_ERROR(RestoreState());
  RETURN_IF_ERROR(OpenReports());
  if (data_->log != nullptr) feed_.emplace(session_.get(), *data_, first_step_);
  return Status::Ok();
}

Status Trainer::OpenData() {
  RETURN_IF_ERROR(config_.data().follow_seconds() > 0 ? OpenFollowed() : OpenLog());
  if (is_first() && data_->log != nullptr) {
    Announce(config_, *data_, environment_.collective->size());
  }
  return Status::Ok();
}

Status Trainer::OpenLog() {
  ASSIGN_OR_RETURN(data_, OpenTrainingData(config_, *environment_.files));
  for (const OtherRules& other : data_->log->other_rules()) {
    for (const std::string& doubt : DoubtsOf(other, data_->log->files().front())) {
      if (is_first()) LogWarning(doubt);
    }
  }
  RETURN_IF_ERROR(CheckAgreement(StrCat("the log ", Join(data_->log->files(), ", ")),
                                 data_->log->Description(), environment_.collective));
  return FindResumed({data_->log.get(), data_->last_step});
}

// A run that goes on looks for its checkpoint when no other job can add or remove one any more. A
// new run claims the folder when nothing refuses it any more.
Status Trainer::FindResumed(const RunPlan& plan) {
  if (resume_ != Resume::kNothing) RETURN_IF_ERROR(ClaimFolder());
  const Result<std::string> found = FindResumable(config_, resume_, plan, environment_);
  RETURN_IF_ERROR(OfferFallback(resume_, found.status()));
  resumed_from_ = *found;
  return Status::Ok();
}

// From now on worker 0 changes files only as long as no other job has claimed the folder. It also
// proves that files can be made there.
Status Trainer::ClaimFolder() {
  const std::string& directory = config_.checkpoint().directory();
  if (directory.empty()) return Status::Ok();
  if (is_first()) {
    const auto claim = CheckpointClaim::Make(*environment_.files, directory, environment_.writer,
                                             environment_.claims_before);
    if (!claim.ok()) return claim.status().Annotate("checkpoint.directory");
    fenced_->Claim(*claim);
    environment_.claim = claim->token();
  }
  ASSIGN_OR_RETURN(environment_.claim, environment_.collective->Broadcast(environment_.claim, 0));
  return Status::Ok();
}

Status Trainer::OpenSession() {
  const LogSchema& schema = followed_ != nullptr ? followed_->schema() : data_->log->schema();
  ASSIGN_OR_RETURN(session_, Session::Create(config_, schema, environment_, StepSums::kExtras));
  RETURN_IF_ERROR(engine().JoinWorkers());
  if (config_.model().start() == ModelConfig::BASE_RATE) {
    session_->StartHeadsAt(session_->objective().StartLogits(data_->labels));
  }
  sums_.emplace(&engine(), &session_->objective(), environment_.collective,
                config_.step().grains_per_step(), session_->model().parameters().size());

  CheckpointManifest manifest;
  manifest.set_version(1);
  manifest.set_shards(config_.cluster().shards());
  for (const TableSpec& table : session_->tables()) manifest.add_table(table.name);
  *manifest.mutable_config() = config_;
  if (followed_ == nullptr) {
    manifest.set_log_fingerprint(data_->log->fingerprint());
    manifest.set_planned_steps(data_->last_step);
  }
  manifest.set_computed_on(session_->engine().computes_on());
  SchemaToManifest(schema, &manifest);
  ASSIGN_OR_RETURN(evaluations_, RunEvaluations::Create(session_.get(), *data_));
  if (resume_ == Resume::kNothing) RETURN_IF_ERROR(ClaimFolder());
  checkpointer_ =
      std::make_unique<Checkpointer>(*environment_.files, manifest, is_first(), &session_->client(),
                                     environment_.claim, fenced_->claim());
  return Status::Ok();
}

Status Trainer::RestoreState() {
  const std::string& folder = resumed_from_;
  if (!folder.empty()) {
    if (is_first()) {
      ASSIGN_OR_RETURN(const auto manifest, ReadManifest(*environment_.files, folder));
      const std::string doubt = DoubtOfDevice(folder, manifest, engine().computes_on());
      if (!doubt.empty()) LogWarning(doubt);
    }
    const Result<uint64_t> restored = session_->Restore(folder);
    RETURN_IF_ERROR(OfferFallback(resume_, restored.status()));
    const uint64_t step = *restored;
    first_step_ = step + 1;
    restored_step_ = step;
    saved_step_ = step;
    result_.checkpoint = folder;
    if (is_first()) LogInfo("resuming after step ", step, " from ", folder);
  } else if (!config_.warm_start().checkpoint().empty()) {
    RETURN_IF_ERROR(WarmStart(session_.get()));
  } else if (const std::string doubt = DoubtOfFrozen(config_); is_first() && !doubt.empty()) {
    LogWarning(doubt);
  }
  ASSIGN_OR_RETURN(owed_, evaluations_->Open(first_step_ - 1, environment_.claim));
  return environment_.collective->Barrier();
}

Status Trainer::OpenReports() {
  const bool ended = first_step_ > data_->last_step && !data_->goes_on;
  // A followed log may have ended at a file's end before, and was evaluated then.
  const bool may_go_on = data_->log == nullptr && !evaluations_->IsDue(first_step_ - 1);
  // Without a log to evaluate, the next file is scored, once more if it was before.
  const bool evaluates_again =
      evaluations_->enabled() ? ended || may_go_on || owed_ == RunEvaluations::Owed::kEvaluation
                              : data_->log == nullptr;
  ASSIGN_OR_RETURN(progress_,
                   TrainProgress::Create(session_.get(), *data_, first_step_ - 1, evaluates_again));
  if (!is_first()) return Status::Ok();
  uint64_t exposures = 0;
  if (followed_ == nullptr) exposures = data_->plan->counts().rows;
  const std::string method(session_->objective().name());
  return WriteRunHead(
      *environment_.files, config_.report().metrics(), first_step_ > 1,
      MakeRunHead(config_, method, exposures, followed_ == nullptr ? data_->last_step : 0));
}

}  // namespace chorus::worker
