#pragma once
// One number of a finished run, as results.jsonl holds it. Thread safety: pure function.

#include <cstdint>
#include <string>

#include "common/compare.pb.h"

namespace chorus::launch {

// positives: how many stand behind the number; 0 where the truth is known.
inline RunMetric MakeRunMetric(const std::string& name, double value, uint64_t positives) {
  RunMetric metric;
  metric.set_name(name);
  metric.set_value(value);
  metric.set_positives(positives);
  return metric;
}

}  // namespace chorus::launch
