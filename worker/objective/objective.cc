#include "worker/objective.h"

namespace chorus::worker {

SpaceWeights SumSpaces(const RowLabels& labels) {
  SpaceWeights sums;
  for (int64_t i = 0; i < labels.rows; ++i) {
    const double weight = labels.weight == nullptr ? 1.0 : labels.weight[i];
    const Space part = labels.click[i] != 0 ? Space::kClicked : Space::kUnclicked;
    sums.sum[static_cast<int>(Space::kExposures)] += weight;
    sums.sum[static_cast<int>(part)] += weight;
  }
  return sums;
}

std::vector<double> Objective::Scales(const SpaceWeights& global) const {
  std::vector<double> scales;
  for (const Term& term : terms()) {
    const double denominator = Denominator(term, global);
    scales.push_back(denominator == 0 ? 0.0 : term.weight / denominator);
  }
  return scales;
}

}  // namespace chorus::worker
