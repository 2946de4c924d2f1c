#pragma once
// A log of random ids for measurements: ids of every slot follow a power law, labels are coin
// flips. Nothing can be learnt from it. Thread safety: functions of their arguments.

#include <cstdint>
#include <string>
#include <vector>

#include "common/file.h"
#include "common/status.h"

namespace chorus::perf {

struct RandomSlot {
  uint64_t ids = 1000000;
  uint32_t tokens = 1;  // in each row; one-hot when 1
  bool context = false;
  bool values = false;  // tokens have values
};

struct RandomLogShape {
  uint64_t rows = 0;
  uint32_t exposure_slots = 23;   // one-hot
  uint32_t context_slots = 0;     // multi-valued
  uint32_t tokens_per_slot = 0;   // of each context, in each context slot
  uint32_t rows_per_context = 1;  // exposures that share a context
  uint32_t equal_contexts = 1;    // this many in a row have the same ids, as in a joined log
  uint64_t ids_per_slot = 1000000;
  double exponent = 1.05;  // P(rank k) ~ k^-exponent
  double ctr = 0.04;
  double cvr = 0.05;              // of clicks
  std::vector<RandomSlot> slots;  // of different kinds, in place of those that the numbers give
  uint32_t numerics = 0;          // numeric columns of exposures, ...
  uint32_t context_numerics = 0;  // ... and of contexts
  bool weights = false;           // rows have weights

  uint32_t tokens_per_context() const { return context_slots * tokens_per_slot; }
};

// Writes the log to `path`; the same shape gives the same bytes.
Status WriteRandomLog(const RandomLogShape& shape, FileSystem& files, const std::string& path);

}  // namespace chorus::perf
