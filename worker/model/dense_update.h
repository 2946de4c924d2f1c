#pragma once
// One update of the dense weights of a stage. Thread safety: a value.

#include <cstdint>

namespace chorus::worker {

struct DenseUpdate {
  uint32_t stage = 0;
  uint64_t t = 1;       // updates of the stage, this one included
  float lr_factor = 1;  // the schedule's
};

}  // namespace chorus::worker
