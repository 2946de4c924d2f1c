#include "ps/held_steps.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/check.h"
#include "common/strings.h"

namespace chorus::ps {

void HeldSteps::Reset(uint64_t step) {
  steps_.clear();
  base_ = dispatched_ = done_ = step;
}

Status HeldSteps::Continue(const wire::ContinueMeta& meta) {
  if (meta.number() == continuations_ && meta.step() == base_) return Status::Ok();  // a repetition
  const uint64_t lag = 1 + shape_.job.pull_ahead();
  const bool answered = dispatched_ == done_ && (steps_.empty() || steps_.rbegin()->first <= done_);
  const bool applied = meta.step() == base_ ? done_ <= base_ + lag
                                            : meta.step() > base_ && done_ == meta.step() + lag;
  if (meta.number() != continuations_ + 1 || !answered || !applied) {
    return FailedPrecondition(StrCat(shape_.name(), ": continuation ", meta.number(),
                                     " after step ", meta.step(), " at frame ", done_, ", after ",
                                     continuations_, " continuations",
                                     answered ? "" : ", before all replies"));
  }
  Reset(meta.step());
  ++continuations_;
  return Status::Ok();
}

Status HeldSteps::CheckStep(const wire::StepMeta& meta) const {
  if (meta.continuation() != continuations_) {
    return FailedPrecondition(StrCat(
        shape_.name(), ": frame of step ", meta.step(), " from worker ", meta.worker(),
        " of continuation ", meta.continuation(), ", this is continuation ", continuations_));
  }
  // The oldest step that a retry can name. A worker sends frame t only after it has the reply to
  // step t - 1 - pull_ahead, and step done_ needed every worker's frame: so every worker has the
  // replies up to done_ - 1 - pull_ahead, and asks for none of them again. The newest step is the
  // one that a worker may send after the reply to done_.
  const uint64_t first =
      std::max(base_ + 1, done_ - std::min<uint64_t>(done_, shape_.job.pull_ahead()));
  const uint64_t last = done_ + 1 + shape_.job.pull_ahead();
  if (meta.step() < first || meta.step() > last) {
    return FailedPrecondition(StrCat(shape_.name(), ": frame of step ", meta.step(),
                                     " from worker ", meta.worker(), ", expected a step from ",
                                     first, " to ", last));
  }
  // A repetition passed the checks below when it came first, and nothing of it is used now.
  if (IsDuplicate(meta)) return Status::Ok();
  // A frame without the gradients that are due would lose an update; one with gradients of a step
  // before the run's first would apply an update that the restored rows contain already.
  if (meta.has_gradients() != CarriesGradients(meta.step())) {
    return InvalidArgument(StrCat("frame of step ", meta.step(), " from worker ", meta.worker(),
                                  meta.has_gradients()
                                      ? " has gradients of a step before the run's first"
                                      : " lacks gradients"));
  }
  const uint64_t lag = 1 + shape_.job.pull_ahead();
  if (meta.has_snapshot() &&
      (meta.snapshot().step() < base_ || meta.snapshot().step() + lag != meta.step())) {
    return InvalidArgument(StrCat("frame of step ", meta.step(), " asks for a snapshot of step ",
                                  meta.snapshot().step(), ", which is not the one it completes"));
  }
  return Status::Ok();
}

Result<std::shared_ptr<const StepRequest>> HeldSteps::KeysOfGradients(
    const wire::StepMeta& meta) const {
  std::shared_ptr<const StepRequest> none;
  if (!meta.has_gradients()) return none;
  const auto state = Find(meta.step() - 1 - shape_.job.pull_ahead());
  if (state == nullptr || state->workers[meta.worker()].request == nullptr) {
    return FailedPrecondition(StrCat("frame of step ", meta.step(), " from worker ", meta.worker(),
                                     " has gradients of a step that it has not sent keys for"));
  }
  return state->workers[meta.worker()].request;
}

bool HeldSteps::IsDuplicate(const wire::StepMeta& meta) const {
  const auto state = Find(meta.step());
  return state != nullptr && state->workers[meta.worker()].request != nullptr;
}

Status HeldSteps::Add(std::shared_ptr<const StepRequest> request) {
  const wire::StepMeta& meta = request->meta;
  std::shared_ptr<StepState>& state = steps_[meta.step()];
  if (state == nullptr) {
    state = std::make_shared<StepState>();
    state->step = meta.step();
    state->workers.resize(shape_.job.workers());
  }
  // Snapshot and learning rate belong to the step, and DispatchComplete reads them from worker 0's
  // frame: if workers disagreed, the result would depend on who is worker 0.
  for (const WorkerStep& other : state->workers) {
    if (other.request == nullptr) continue;
    const wire::StepMeta& first = other.request->meta;
    if (first.snapshot().SerializeAsString() != meta.snapshot().SerializeAsString() ||
        !std::equal(first.lr_factor().begin(), first.lr_factor().end(), meta.lr_factor().begin(),
                    meta.lr_factor().end())) {
      return InvalidArgument(StrCat("workers ", first.worker(), " and ", meta.worker(),
                                    " disagree on the snapshot or learning rate of step ",
                                    meta.step()));
    }
  }
  WorkerStep& worker = state->workers[meta.worker()];
  worker.request = std::move(request);
  ++state->arrived;
  return Status::Ok();
}

std::shared_ptr<StepState> HeldSteps::NextComplete() const {
  // In order of the steps, even if a later one is complete: owner threads apply in this order.
  std::shared_ptr<StepState> state = Find(dispatched_ + 1);
  return state != nullptr && state->arrived == state->workers.size() ? state : nullptr;
}

void HeldSteps::MarkDispatched(StepState* state) {
  CHECK(state->step == dispatched_ + 1, "step=", state->step, " dispatched=", dispatched_);
  dispatched_ = state->step;
  state->dispatched = true;
}

void HeldSteps::MarkDone(StepState* state) {
  CHECK(state->step == done_ + 1, "step=", state->step, " done=", done_);
  done_ = state->step;
  state->done = true;
  // Two may still name a held step: a retry, of done_ - pull_ahead or later (see CheckStep), and
  // the next gradients, which are those of step done_ - pull_ahead and need its keys and rows.
  while (!steps_.empty() && steps_.begin()->first + shape_.job.pull_ahead() < done_) {
    steps_.erase(steps_.begin());
  }
}

std::shared_ptr<StepState> HeldSteps::Find(uint64_t step) const {
  const auto found = steps_.find(step);
  return found == steps_.end() ? nullptr : found->second;
}

std::string MissingWorkers(const StepState& state) {
  std::vector<std::string> missing;
  for (size_t worker = 0; worker < state.workers.size(); ++worker) {
    if (state.workers[worker].request == nullptr) missing.push_back(StrCat("worker ", worker));
  }
  return Join(missing, ", ");
}

}  // namespace chorus::ps
