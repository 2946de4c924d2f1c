#pragma once
// The steps that a server holds at a time: those whose frames are coming in, those under way, and
// the last pull_ahead + 1 that are done. HeldSteps decides whether a frame is new, a repetition,
// too late or too early; this decision makes every gradient count once.
// Thread safety: none; the server makes every call under its mutex.

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "common/status.h"
#include "ps/server_shape.h"
#include "ps/step_state.h"

namespace chorus::ps {

class HeldSteps {
 public:
  explicit HeldSteps(const ServerShape* shape) : shape_(*shape) {}

  // Starts over: the next step is `step` + 1, and the rows hold the updates of all steps up to
  // `step`.
  void Reset(uint64_t step);
  // Starts over from a point where all frames so far are answered and the gradients of meta's step
  // are applied. It is done once, however often it is asked for. Error: kFailedPrecondition.
  Status Continue(const wire::ContinueMeta& meta);

  // OK when a frame may be added now, or repeats one that is held. Errors: kFailedPrecondition
  // naming the steps that are expected, kInvalidArgument if the frame contradicts its step.
  Status CheckStep(const wire::StepMeta& meta) const;
  // The request whose keys the gradients of a frame belong to; null if the frame has no gradients.
  Result<std::shared_ptr<const StepRequest>> KeysOfGradients(const wire::StepMeta& meta) const;
  // Whether the frame of this worker and step is here already.
  bool IsDuplicate(const wire::StepMeta& meta) const;
  // Adds a new frame. REQUIRES: CheckStep is OK and IsDuplicate false. Error: kInvalidArgument if
  // the frame disagrees with another worker's.
  Status Add(std::shared_ptr<const StepRequest> request);

  // The next step to hand to the owner threads if all of its frames are in, else null.
  std::shared_ptr<StepState> NextComplete() const;
  void MarkDispatched(StepState* state);
  // Marks the step done, and forgets the steps that no retry and no gradient can name any more.
  void MarkDone(StepState* state);

  std::shared_ptr<StepState> Find(uint64_t step) const;  // null if it is not held
  // Whether frames of `step` bring gradients. These belong to step - 1 - pull_ahead, and there are
  // some if this run looked that step up.
  bool CarriesGradients(uint64_t step) const { return step > base_ + 1 + shape_.job.pull_ahead(); }
  // Whether no frame and no continuation has come since the first Reset.
  bool untouched() const { return steps_.empty() && done_ == base_ && continuations_ == 0; }
  const std::map<uint64_t, std::shared_ptr<StepState>>& all() const { return steps_; }

 private:
  const ServerShape& shape_;
  uint64_t base_ = 0;        // the step whose state the run started from
  uint64_t dispatched_ = 0;  // the last step that was handed to the owner threads
  uint64_t done_ = 0;        // the last step that was answered
  uint32_t continuations_ = 0;
  std::map<uint64_t, std::shared_ptr<StepState>> steps_;
};

// "worker 0, worker 3": the workers whose frames of the step are missing.
std::string MissingWorkers(const StepState& state);

}  // namespace chorus::ps
