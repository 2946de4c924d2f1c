#include "worker/engine/device/step_results.h"

namespace chorus::worker {

void StepResults::TakeMemory(DeviceArena* arena) {
  const size_t before = arena->used();
  flags_ = arena->TakeOf<uint32_t>(sizes_.grains * sizes_.flags);
  term_sums_ = arena->TakeOf<double>(sizes_.grains * sizes_.terms);
  partials_ = arena->TakeOf<double>(sizes_.grains * sizes_.partials);
  logits_ = arena->Take(sizes_.grains * sizes_.grain_rows * sizes_.heads);
  bytes_ = arena->used() - before;
}

Status StepResults::Open() {
  ASSIGN_OR_RETURN(host_, device_->TakeHostMemory(bytes_));
  return Status::Ok();
}

MatrixView<float> StepResults::logits(size_t grain) const {
  return {logits_ + static_cast<int64_t>(grain) * sizes_.grain_rows * sizes_.heads,
          sizes_.grain_rows, sizes_.heads};
}

Status StepResults::LowerFlags() {
  return device_->Zero(flags_,
                       static_cast<size_t>(sizes_.grains * sizes_.flags) * sizeof(uint32_t));
}

Status StepResults::BringBack() { return device_->Download(flags_, host_, bytes_); }

MatrixView<const double> StepResults::term_sums_on_host() const {
  return {OnHost(term_sums_), sizes_.grains, sizes_.terms};
}

MatrixView<const double> StepResults::partials_on_host(uint32_t partials) const {
  return {OnHost(partials_), sizes_.grains, partials};
}

MatrixView<const float> StepResults::logits_on_host(size_t grain, int64_t rows) const {
  return {OnHost(logits_) + static_cast<int64_t>(grain) * sizes_.grain_rows * sizes_.heads, rows,
          sizes_.heads};
}

}  // namespace chorus::worker
