#pragma once
// The steps a server holds at a time: those whose frames come in, the one under way, and the last
// pull_ahead + 1 that are done. Decides what a frame is: new, a repetition, too late, too early.
// Thread safety: none; the server calls it under its mutex.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/status.h"
#include "ps/server_shape.h"
#include "ps/step_state.h"

namespace chorus::ps {

class StepWindow {
 public:
  explicit StepWindow(const ServerShape* shape) : shape_(*shape) {}

  // Starts over: the next step is `step` + 1, and gradients of steps up to `step` are in the rows
  // already.
  void Reset(uint64_t step);

  // Whether a frame may be admitted now; says which steps could be.
  Status CheckStep(const wire::StepMeta& meta) const;
  // The request whose keys the gradients of a frame belong to; null if it carries none.
  Result<std::shared_ptr<const StepRequest>> KeysOfGradients(const wire::StepMeta& meta) const;
  bool IsDuplicate(const wire::StepMeta& meta) const;
  // Adds a new frame. REQUIRES: CheckStep is OK, not a duplicate. Error: it disagrees with another
  // worker's.
  Status Add(std::shared_ptr<const StepRequest> request);

  // The step to work on next if all of its frames are in, else null.
  std::shared_ptr<StepState> NextComplete() const;
  void MarkDispatched(StepState* state);
  // Marks it done and forgets the steps that no retry or gradient can name any more.
  void MarkDone(StepState* state);

  StepState* Find(uint64_t step) const;  // null if it is not held
  std::shared_ptr<StepState> Share(uint64_t step) const;
  // The step whose gradients come with step's frames has been looked up by this run: they carry
  // them.
  bool CarriesGradients(uint64_t step) const { return step > base_ + 1 + shape_.job.pull_ahead(); }
  bool untouched() const { return steps_.empty() && done_ == base_; }  // no frame since Reset
  uint64_t done() const { return done_; }
  uint64_t applied_step() const;
  std::map<uint64_t, std::shared_ptr<StepState>>& steps() { return steps_; }

 private:
  const ServerShape& shape_;
  uint64_t base_ = 0;        // the state that the run started from
  uint64_t dispatched_ = 0;  // given to the owner threads
  uint64_t done_ = 0;        // answered
  std::map<uint64_t, std::shared_ptr<StepState>> steps_;
};

// "worker 0, worker 3": those whose frames of the step are missing.
std::string MissingWorkers(const StepState& state);

}  // namespace chorus::ps
