#include "worker/objective.h"

namespace chorus::worker {

std::vector<double> ScalesOf(const std::vector<Normalizer>& normalizers) {
  std::vector<double> scales;
  for (const Normalizer& normalizer : normalizers) scales.push_back(normalizer.scale());
  return scales;
}

}  // namespace chorus::worker
