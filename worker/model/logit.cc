#include "worker/model/logit.h"

namespace chorus::worker {
void LogitLayer::Forward(Backend* backend, std::span<const float> parameters,
                         MatrixView<const float> x, MatrixView<float> z) const {
  backend->DotRows(x, parameters.data() + weight, parameters.data() + bias, z);
}

void LogitLayer::Backward(Backend* backend, std::span<const float> parameters,
                          MatrixView<const float> x, MatrixView<const float> dz,
                          MatrixView<float> dx, bool accumulate_dx,
                          std::span<float> gradient) const {
  backend->SumColumn(dz, gradient.data() + bias);
  backend->DotRowsBackward(x, parameters.data() + weight, dz, gradient.data() + weight, dx,
                           pass_back, accumulate_dx);
}

void SplitLogitLayer::Forward(Backend* backend, std::span<const float> parameters,
                              const SplitInput& x, MatrixView<float> context_scratch,
                              MatrixView<float> z) const {
  backend->DotRows(x.exposures, parameters.data() + exposure_weight, parameters.data() + bias, z);
  if (context_in == 0) return;
  backend->DotRows(x.contexts, parameters.data() + context_weight, nullptr, context_scratch);
  backend->AddGatheredRows(context_scratch, x.context_of, z);
}

void SplitLogitLayer::Backward(Backend* backend, std::span<const float> parameters,
                               const SplitInput& x, MatrixView<const float> dz,
                               MatrixView<float> context_scratch, const SplitInputGradient& dx,
                               std::span<float> gradient) const {
  backend->SumColumn(dz, gradient.data() + bias);
  backend->DotRowsBackward(x.exposures, parameters.data() + exposure_weight, dz,
                           gradient.data() + exposure_weight, dx.exposures, pass_back, true);
  if (context_in == 0) return;
  backend->SumRowsByIndex(dz, x.context_of, context_scratch);
  backend->DotRowsBackward(x.contexts, parameters.data() + context_weight, context_scratch,
                           gradient.data() + context_weight, dx.contexts, pass_back, true);
}

}  // namespace chorus::worker
