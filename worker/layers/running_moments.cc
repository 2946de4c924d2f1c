#include "worker/layers/running_moments.h"

namespace chorus::worker {

void RunningMoments::Read(const LayerCall& call, MatrixView<const float> z,
                          MatrixView<float> moments) const {
  if (call.grain.training()) {
    call.backend->ColumnMoments(z, moments.row(0), moments.row(1));
    return;
  }
  const float* const parameters = call.parameters.data();
  call.backend->Copy({parameters + statistics_.mean, 1, width_}, moments.Rows(0, 1));
  call.backend->Copy({parameters + statistics_.variance, 1, width_}, moments.Rows(1, 1));
}

// A grain without exposures has no moments: it adds nothing to the statistics' sums and counts.
void RunningMoments::Write(const LayerCall& call, MatrixView<const float> moments) const {
  const bool counts = call.grain.training() && call.grain.exposures() > 0;
  float* const gradient = call.gradient.data();
  const MatrixView<float> of_mean = {gradient + statistics_.mean, 1, width_};
  const MatrixView<float> of_variance = {gradient + statistics_.variance, 1, width_};
  call.backend->Fill(counts ? 1.0f : 0.0f, {gradient + statistics_.count, 1, 1});
  if (counts) {
    call.backend->Copy(moments.Rows(0, 1), of_mean);
    call.backend->Copy(moments.Rows(1, 1), of_variance);
  } else {
    call.backend->Fill(0.0f, of_mean);
    call.backend->Fill(0.0f, of_variance);
  }
}

}  // namespace chorus::worker
