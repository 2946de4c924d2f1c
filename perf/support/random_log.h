#pragma once
// A log of random ids for measurements: ids of every slot follow a power law, labels are coin
// flips. Nothing can be learnt from it. Thread safety: functions of their arguments.

#include <cstdint>
#include <string>

#include "common/file.h"
#include "common/status.h"

namespace chorus::perf {

struct RandomLogShape {
  uint64_t rows = 0;
  uint32_t exposure_slots = 23;   // one-hot
  uint32_t context_slots = 0;     // multi-valued
  uint32_t tokens_per_slot = 0;   // of each context, in each context slot
  uint32_t rows_per_context = 1;  // exposures that share a context
  uint64_t ids_per_slot = 1000000;
  double exponent = 1.05;  // P(rank k) ~ k^-exponent
  double ctr = 0.04;
  double cvr = 0.05;  // of clicks

  uint32_t tokens_per_context() const { return context_slots * tokens_per_slot; }
};

// Writes the log to `path`, the same bytes for the same shape.
Status WriteRandomLog(const RandomLogShape& shape, FileSystem& files, const std::string& path);

}  // namespace chorus::perf
