#pragma once
// A set of exposures with their contexts, column by column: a decoded log block, and a grain.
// Contexts are never expanded: exposure i has the features of row i of `exposures` and those of row
// context_of[i] of `contexts`. Thread safety: values.

#include <cstdint>
#include <string>
#include <vector>

#include "common/key.h"

namespace chorus::worker {

// One slot of one side. Row i has keys[offsets[i] .. offsets[i+1]); a one-hot slot has at most one
// key per row.
struct SlotColumn {
  std::vector<uint32_t> offsets;  // [rows + 1], offsets[0] == 0
  std::vector<Key> keys;          // [nnz]
  std::vector<float> values;      // [nnz], or empty: every value is 1
};

// One side (contexts or exposures). Its columns are in the order of the schema's columns of that
// side.
struct FeatureColumns {
  uint32_t rows = 0;
  std::vector<SlotColumn> slots;
  std::vector<std::vector<float>> numerics;  // [column][row], already normalised
};

// Columns that the schema does not have are empty.
struct Batch {
  FeatureColumns contexts;
  FeatureColumns exposures;
  std::vector<uint32_t> context_of;      // [exposures.rows], row of contexts; every context is used
  std::vector<uint64_t> row_id;          // [exposures.rows]
  std::vector<std::string> row_id_text;  // [exposures.rows], or empty
  std::vector<uint8_t> click;            // [exposures.rows], 0 or 1
  std::vector<uint8_t> conversion;       // [exposures.rows], 0 or 1; unobserved where click = 0
  std::vector<float> weight;             // [exposures.rows], or empty: every weight is 1
  std::vector<uint64_t> group;           // [exposures.rows], or empty
  std::vector<int64_t> time;             // [exposures.rows], or empty

  uint32_t rows() const { return exposures.rows; }
};

// The columns of a log (LogSchema). The schema is stored in every file of the log, and is the same
// in all of them.
struct SlotInfo {
  std::string name;
  std::string key_space;
  bool context = false;  // a feature of the context, else of the exposure
  bool multi_valued = false;
  bool has_values = false;
  friend bool operator==(const SlotInfo&, const SlotInfo&) = default;
};
struct NumericInfo {
  std::string name;
  bool context = false;
  bool log_transform = false;  // x -> log(1 + max(x, 0)) before mean and stddev
  double mean = 0;             // measured by import: stored value = (x - mean) / stddev
  double stddev = 1;
  friend bool operator==(const NumericInfo&, const NumericInfo&) = default;
};
struct LogSchema {
  std::vector<SlotInfo> slots;  // names are unique among slots and numerics
  std::vector<NumericInfo> numerics;
  bool has_weight = false;
  bool has_group = false;
  bool has_time = false;
  // false: the rows came without this label, and the batch holds zeros that say nothing.
  bool has_click = true;
  bool has_conversion = true;
  bool has_row_id_text = false;
  // How text becomes these columns: an ImportSchema with every column by its name, serialised; ""
  // when nobody knows.
  std::string text;
  friend bool operator==(const LogSchema&, const LogSchema&) = default;
};

}  // namespace chorus::worker
