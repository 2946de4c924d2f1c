#pragma once
// What a step sums over the grains of all workers: dense gradients, loss terms, and beside them
// extras that a worker knows of a grain before or beside its losses; for some objectives partial
// sums before any loss can be weighed. Every worker makes the same calls in the same order, and
// gets the same sums. Thread safety: the trainer's thread.

#include <cstdint>
#include <span>
#include <vector>

#include "common/status.h"
#include "worker/collective/collective.h"
#include "worker/engine/engine.h"
#include "worker/objective/objective.h"
#include "worker/steps/step_reader.h"

namespace chorus::worker {

class StepSums {
 public:
  // Doubles of a grain behind its loss terms: the label counts of the same grain of the next step,
  // which ride one step ahead of it; its rows; whether worker 0's clock asks for a snapshot, and
  // whether its worker has been asked to stop.
  enum Extra { kNextSpaces = 0, kRows = kSpaces, kSnapshotDue, kStopDue, kExtras };

  // What a worker asks of all of them.
  struct Wishes {
    bool snapshot = false;
    bool stop = false;
  };

  // All outlive it.  grains_per_step: of all workers.  parameters: floats of the dense gradient.
  StepSums(Engine* engine, const Objective* objective, Collective* workers,
           uint32_t grains_per_step, int64_t parameters);

  // Before the first step: its label counts have no earlier step to ride in.
  Status SumFirstSpaces(const StepBatch& first);

  // Sums the objective's partials, if the stage has any, over the whole step. REQUIRES: where it
  // has, the engine's Forward came before.
  Status SumPartials(uint32_t stage);
  // Weighs the terms of the step that is trained now. REQUIRES: SumPartials of the step.
  const std::vector<Normalizer>& Normalize(uint32_t stage);
  const std::vector<Normalizer>& normalizers() const { return normalizers_; }

  // Begins to sum what the engine computed. next: null behind the last step. The memory of the sum
  // is in use until Finish; a step that fails in between gives it up (BegunSum).
  Status Begin(const StepBatch& batch, const StepBatch* next, const Wishes& wishes);
  // Waits for the sum, which the calls below read.
  Status Finish();

  std::span<float> gradient() { return gradient_; }  // [parameters], or empty: the engine keeps it
  std::span<const double> terms() const { return {sums_.data(), terms_}; }  // [terms], of losses
  uint64_t rows() const { return static_cast<uint64_t>(extra(kRows)); }
  bool snapshot_due() const { return extra(kSnapshotDue) > 0; }
  bool stop_due() const { return extra(kStopDue) > 0; }  // some worker has been asked to

 private:
  double extra(size_t which) const { return sums_[terms_ + which]; }
  void FillExtras(const StepBatch* batch, const StepBatch* next, const Wishes& wishes);
  Status Sum(const TreeTerms& terms, std::span<double> out);  // and waits
  void TakeSpaces();

  Engine& engine_;
  const Objective& objective_;
  Collective& workers_;
  const uint32_t grains_per_step_;
  const uint32_t grains_;  // of this worker
  const size_t terms_;
  SpaceWeights spaces_;                  // of the whole step that is trained next
  std::vector<double> partials_;         // of the step that is trained now
  std::vector<Normalizer> normalizers_;  // [terms], likewise
  std::vector<float> gradient_;
  std::vector<double> sums_;  // [terms + extras]
};

// The memory of a sum over workers stays in use until it is finished: a step that fails between
// StepSums::Begin and Finish gives it up.
class BegunSum {
 public:
  explicit BegunSum(Collective* workers) : workers_(workers) {}
  ~BegunSum() { workers_->GiveUpTreeSum(); }
  BegunSum(const BegunSum&) = delete;
  BegunSum& operator=(const BegunSum&) = delete;

 private:
  Collective* const workers_;
};

}  // namespace chorus::worker
