// A log that grows: file by file, as they come (followed_log.h), and what happens between two.

#include <utility>

#include "common/log.h"
#include "worker/train/checkpoint_store.h"
#include "worker/train/trainer_impl.h"

namespace chorus::worker {

// Which file comes first is in the checkpoint.
Status Trainer::OpenFollowed() {
  RETURN_IF_ERROR(FindResumed({}));
  CheckpointManifest manifest;
  if (!resumed_from_.empty()) {
    ASSIGN_OR_RETURN(manifest, ShareManifest(resumed_from_, environment_));
  }
  ASSIGN_OR_RETURN(followed_, FollowedLog::Open(config_, environment_, resumed_from_, manifest));
  ASSIGN_OR_RETURN(data_, followed_->First());
  return Status::Ok();
}

// File by file, as they come.
Status Trainer::TrainFollowed() {
  while (true) {
    if (first_step_ <= data_->last_step) {
      RETURN_IF_ERROR(TrainPlannedSteps());
      first_step_ = end_step_ + 1;
    }
    if (result_.stopped || result_.stopped_early || !data_->goes_on) break;
    ASSIGN_OR_RETURN(const bool entered, EnterNextFile());
    if (!entered) break;
  }
  return EndFollowed();
}

// Waits for the next file. False: none has come in data.follow_seconds, or the run is to stop.
Result<bool> Trainer::EnterNextFile() {
  while (true) {
    const bool asked = environment_.stop_requested && environment_.stop_requested();
    const bool saves = is_first() && checkpointer_->DueByTime() && saved_step_ < first_step_ - 1;
    ASSIGN_OR_RETURN(const FollowedLog::Look look, followed_->LookForNext(asked, saves));
    switch (look.what) {
      case FollowedLog::Look::kFile:
        RETURN_IF_ERROR(EnterFile(look.name));
        return true;
      case FollowedLog::Look::kStop:
        result_.stopped = true;
        return false;
      case FollowedLog::Look::kEnd:
        return false;
      case FollowedLog::Look::kSave:
        RETURN_IF_ERROR(SaveBetweenFiles());
        break;
      case FollowedLog::Look::kNothing:
        RETURN_IF_ERROR(WaitForFile());
        break;
    }
  }
}

Status Trainer::EnterFile(const std::string& name) {
  feed_.reset();  // its threads read the file before
  ASSIGN_OR_RETURN(*data_, followed_->Enter(name));
  end_step_ = data_->last_step;
  if (is_first()) {
    LogInfo("file ", followed_->files(), ", ", name, ": ", data_->plan->counts().kept_rows,
            " exposures, steps ", first_step_, " to ", data_->last_step);
  }
  if (first_step_ > data_->last_step) return Status::Ok();
  if (evaluations_->TestsFiles() && first_step_ > 1) {
    RETURN_IF_ERROR(evaluations_->TestFile(first_step_ - 1, progress_.get()));
  }
  RETURN_IF_ERROR(ContinueServers());
  feed_.emplace(session_.get(), *data_, first_step_);
  return Status::Ok();
}

// A pause: a checkpoint that was begun is completed, and servers hear that the job goes on, by
// which they tell it from one whose workers are lost.
Status Trainer::WaitForFile() {
  RETURN_IF_ERROR(checkpointer_->Poll(true));
  progress_->ShowWaiting(config_.data().log(0), followed_->waited_seconds());
  const std::chrono::duration<double> since = Clock::now() - last_ping_;
  if (!is_first() || since.count() < config_.cluster().deadline_seconds() / 2) return Status::Ok();
  last_ping_ = Clock::now();
  return session_->client().Ping().Annotate("while waiting for the next file of data.log");
}

// Frames so far ended with the gradients of the last step; the next ones begin as a run's first do.
// So no row is pulled for a step whose file is not there, whenever it comes.
Status Trainer::ContinueServers() {
  RETURN_IF_ERROR(environment_.collective->Barrier());
  RETURN_IF_ERROR(session_->client().ContinueAfter(first_step_ - 1, is_first()));
  return environment_.collective->Barrier();
}

// The state after the last step, for which frames of no step ask.
Status Trainer::SaveBetweenFiles() {
  const uint64_t step = first_step_ - 1;
  RETURN_IF_ERROR(checkpointer_->Poll(true));
  if (!checkpointer_->enabled() || step == 0) return Status::Ok();
  result_.checkpoint = CheckpointFolder(config_.checkpoint().directory(), step);
  if (saved_step_ == step) return Status::Ok();
  RETURN_IF_ERROR(ContinueServers());
  ASSIGN_OR_RETURN(const SnapshotRequest snapshot, BeginCheckpoint(step));
  const uint64_t last_sent = step + 1 + ahead_;
  for (uint64_t sent = step + 1; sent <= last_sent; ++sent) {
    const bool asks = sent == last_sent;
    RETURN_IF_ERROR(SendNoKeys(session_.get(), sent, nullptr, asks ? &snapshot : nullptr));
    RETURN_IF_ERROR(session_->client().Wait(sent).status());
  }
  RETURN_IF_ERROR(FinishCheckpoint(step));
  return checkpointer_->Poll(true);
}

// The run's last state is saved, and evaluated unless a signal ended it.
Status Trainer::EndFollowed() {
  const bool ended_early = result_.stopped_early || result_.stopped;
  end_step_ = first_step_ - 1;
  RETURN_IF_ERROR(SaveBetweenFiles());
  if (ended_early || !evaluations_->enabled() || end_step_ == 0) return Status::Ok();
  const bool told = evaluations_->IsDue(end_step_) && (result_.exposures > 0 || data_->goes_on);
  if (told) return Status::Ok();
  data_->goes_on = false;
  return Evaluate(end_step_);
}

}  // namespace chorus::worker
