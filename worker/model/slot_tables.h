#pragma once
// Which configured table serves each slot of a log. Thread safety: a value.

#include <vector>

namespace chorus::worker {

constexpr int kNoTable = -1;

// By side, in the order of the columns of a batch; kNoTable: the slot is ignored.
struct SlotTables {
  std::vector<int> context;
  std::vector<int> exposure;
};

}  // namespace chorus::worker
