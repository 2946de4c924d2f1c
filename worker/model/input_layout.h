#pragma once
// Which columns of a log a model reads, and their places in the input matrices. Contexts and
// exposures have one matrix each: first the slots (pooled embeddings, side by side), then the
// numeric columns, then the length of each sequence. Thread safety: a value.

#include <cstdint>
#include <string>
#include <vector>

#include "common/config.pb.h"
#include "common/status.h"
#include "worker/log/batch.h"
#include "worker/model/slot_tables.h"

namespace chorus::worker {

struct SlotInput {
  std::string name;
  uint32_t column = 0;  // among the slots of its side of a Batch
  uint32_t table = 0;   // configured table; in group g it is the instance g * tables + table
  uint32_t dim = 0;     // of that table
  int64_t first = 0;    // first column of the input matrix
  SlotConfig::Pooling pooling = SlotConfig::SUM;
  uint32_t max_length = 0;  // of a sequence, whose rows are side by side; else 0

  bool is_sequence() const { return max_length > 0; }
  int64_t width() const { return int64_t{dim} * (is_sequence() ? max_length : 1); }
};

struct SideInputs {
  std::vector<SlotInput> slots;            // sequences are the last ones
  std::vector<uint32_t> numerics;          // columns of FeatureColumns.numerics that are read
  std::vector<std::string> numeric_names;  // [numerics]
  int64_t slot_width = 0;    // columns that are made of slots: only these have a gradient
  int64_t pooled_width = 0;  // the part of slot_width before the sequences
  int64_t sequences = 0;
  // The column behind the numeric ones: the length of the first sequence.
  int64_t first_length() const { return slot_width + static_cast<int64_t>(numerics.size()); }
  int64_t width() const { return first_length() + sequences; }
};

struct InputLayout {
  uint32_t tables = 0;  // configured ones
  SideInputs contexts;
  SideInputs exposures;
  SlotTables slot_tables;  // the tables of all slots of the log, for the sparse look-up

  // REQUIRES: `config` has its defaults. Error: kInvalidArgument when a configured slot is not in
  // the log (the message lists the log's columns), does not fit its column or names an unknown
  // table, or when no input is left.
  static Result<InputLayout> Make(const TrainConfig& config, const LogSchema& schema);
};

}  // namespace chorus::worker
