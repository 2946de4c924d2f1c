#include "worker/train/step_sums.h"

namespace chorus::worker {

StepSums::StepSums(Engine* engine, const Objective* objective, Collective* workers,
                   uint32_t grains_per_step, int64_t parameters)
    : engine_(*engine),
      objective_(*objective),
      workers_(*workers),
      grains_per_step_(grains_per_step),
      grains_(GrainsOfWorker(workers->rank(), workers->size(), grains_per_step).size()),
      terms_(objective->terms().size()),
      gradient_(engine->keeps_gradients() ? 0 : static_cast<size_t>(parameters)),
      sums_(terms_ + kExtras, 0.0) {}

Status StepSums::Sum(const TreeTerms& terms, std::span<double> out) {
  RETURN_IF_ERROR(workers_.BeginTreeSum(terms, grains_per_step_, {}, out));
  return workers_.FinishTreeSum();
}

// Either batch may be null.
void StepSums::FillExtras(const StepBatch* batch, const StepBatch* next, const Wishes& wishes) {
  for (uint32_t g = 0; g < grains_; ++g) {
    const std::span<double> extras = engine_.Extras(g);
    for (int s = 0; s < kSpaces; ++s) {
      extras[kNextSpaces + s] = next == nullptr ? 0.0 : next->spaces[g].sum[s];
    }
    extras[kRows] = batch == nullptr ? 0.0 : batch->grains[g].rows();
    extras[kSnapshotDue] = wishes.snapshot && g == 0 ? 1.0 : 0.0;
    extras[kStopDue] = wishes.stop && g == 0 ? 1.0 : 0.0;
  }
}

void StepSums::TakeSpaces() {
  for (int s = 0; s < kSpaces; ++s) spaces_.sum[s] = extra(kNextSpaces + s);
}

Status StepSums::SumFirstSpaces(const StepBatch& first) {
  FillExtras(nullptr, &first, {});
  RETURN_IF_ERROR(Sum(engine_.ExtraSums(), sums_));
  TakeSpaces();
  return Status::Ok();
}

Status StepSums::SumPartials(uint32_t stage) {
  partials_.resize(objective_.partials(stage));
  return partials_.empty() ? Status::Ok() : Sum(engine_.PartialSums(), partials_);
}

const std::vector<Normalizer>& StepSums::Normalize(uint32_t stage) {
  normalizers_ = objective_.Normalizers(stage, spaces_, partials_);
  return normalizers_;
}

Status StepSums::Begin(const StepBatch& batch, const StepBatch* next, const Wishes& wishes) {
  FillExtras(&batch, next, wishes);
  return workers_.BeginTreeSum(engine_.NodeSums(), grains_per_step_, gradient_, sums_);
}

Status StepSums::Finish() {
  RETURN_IF_ERROR(workers_.FinishTreeSum());
  TakeSpaces();
  return Status::Ok();
}

}  // namespace chorus::worker
