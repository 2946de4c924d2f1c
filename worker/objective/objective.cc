#include "worker/objective/objective.h"

#include <algorithm>

namespace chorus::worker {

uint32_t MostPartials(const Objective& objective) {
  uint32_t most = 0;
  for (uint32_t stage = 0; stage < objective.shape().stages(); ++stage) {
    most = std::max(most, objective.partials(stage));
  }
  return most;
}

std::vector<double> ScalesOf(const std::vector<Normalizer>& normalizers) {
  std::vector<double> scales;
  for (const Normalizer& normalizer : normalizers) scales.push_back(normalizer.scale());
  return scales;
}

}  // namespace chorus::worker
