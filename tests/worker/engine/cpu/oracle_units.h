#pragma once
// What all parts of the oracle compute units with. Thread safety: pure functions.

#include <algorithm>
#include <string>
#include <vector>

#include "worker/objective/method_shape.h"

namespace chorus::worker {

inline std::string TowerName(const Head& head) {
  return head.tower.empty() ? head.name : head.tower;
}

inline std::vector<double> Relu(std::vector<double> x) {
  for (double& value : x) value = std::max(value, 0.0);
  return x;
}

inline double Dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

}  // namespace chorus::worker
