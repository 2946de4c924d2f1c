#pragma once
// Which configured table serves each read of a log's slots. A slot's column is read as often as a
// model has tables for it; nobody reads a column that is ignored. Thread safety: a value.

#include <cstdint>
#include <vector>

namespace chorus::worker {

struct SlotRead {
  uint32_t column = 0;  // among the slots of its side of a Batch
  uint32_t table = 0;   // configured table

  bool operator==(const SlotRead&) const = default;
};

// [reads of the side]: first one of each column that is read, in the order of a Batch's columns,
// then those of columns with further tables. No two are equal.
struct SlotReads {
  std::vector<SlotRead> context;
  std::vector<SlotRead> exposure;
};

}  // namespace chorus::worker
