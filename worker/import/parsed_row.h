#pragma once
// One row of an import as numbers: labels, keys, numeric values. Thread safety: values.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/key.h"

namespace chorus::worker {

// The features of one side of one row, as SidePlan orders them.
struct ParsedSide {
  std::vector<Key> keys;            // of all slots, one slot after the other
  std::vector<float> values;        // [keys]; 1 where the slot has no values
  std::vector<uint32_t> slot_ends;  // [slots]: slot s has keys[slot_ends[s-1] .. slot_ends[s])
  std::vector<double> numerics;     // [numerics], after log1p where asked; NaN: missing
};

struct ParsedRow {
  uint8_t click = 0;       // 0 where the input has no such column
  uint8_t conversion = 0;  // the same
  uint64_t row_id = 0;
  std::string row_id_text;  // where row ids are texts
  uint64_t group = 0;       // IdFromText of the cell, of "" when it is missing
  int64_t time = 0;
  float weight = 1;
  uint64_t split_id = 0;        // IdFromText of the split column's cell
  int64_t split_time = 0;       // of the column that splits by time; kNoTime when missing
  uint64_t context_serial = 0;  // equal for consecutive rows of one context, and for no others
  ParsedSide context;
  ParsedSide exposure;
};

// Whether the times of a column are dates; unknown before the first one.
using TimeKind = std::optional<bool>;
struct TimeKinds {
  TimeKind time, split_time;
};

}  // namespace chorus::worker
