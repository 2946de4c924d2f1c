#pragma once
// Which configured table serves each slot of a log. Thread safety: a value.

#include <vector>

namespace chorus::worker {

constexpr int kNoTable = -1;

// [slots of the side], in the order of a Batch's columns. kNoTable: the slot is ignored.
struct SlotTables {
  std::vector<int> context;
  std::vector<int> exposure;
};

}  // namespace chorus::worker
