#pragma once
// Which columns of a log a model reads, and their places in the input matrices. Contexts and
// exposures have one matrix each: first the slots (embeddings side by side: pooled ones of all
// towers, pooled ones of some towers alone, sequences), then the numeric columns, then the length
// of each sequence. Thread safety: a value.

#include <cstdint>
#include <string>
#include <vector>

#include "common/config.pb.h"
#include "common/status.h"
#include "worker/log/batch.h"
#include "worker/model/slot_reads.h"

namespace chorus::worker {

struct SlotInput {
  std::string name;
  std::string log_column;  // its name in the log
  bool trained = true;     // some tower's gradient goes into its rows
  uint32_t column = 0;     // among the slots of its side of a Batch
  uint32_t read = 0;       // among the reads of its side (slot_reads.h)
  uint32_t table = 0;      // configured table; in group g it is the instance g * tables + table
  uint32_t dim = 0;        // of that table
  int64_t first = 0;       // first column of the input matrix
  SlotConfig::Pooling pooling = SlotConfig::SUM;
  uint32_t max_length = 0;  // of a sequence, whose rows are side by side; else 0

  bool is_sequence() const { return max_length > 0; }
  int64_t width() const { return int64_t{dim} * (is_sequence() ? max_length : 1); }
};

// Pooled slots that the same towers alone read (SlotConfig.tower), side by side.
struct OwnColumns {
  std::string label;  // "own-ctr"; with towers that do not train them "own-ctr-for-cvr"
  std::vector<std::string> trained_by;
  std::vector<std::string> read_by;  // without training them
  int64_t first = 0;                 // first column of the input matrix
  int64_t width = 0;

  bool IsTrainedBy(const std::string& tower) const;
  bool IsReadBy(const std::string& tower) const;  // trained or not
};

struct SideInputs {
  std::vector<SlotInput> slots;  // in the order of their columns
  std::vector<OwnColumns> own;
  std::vector<uint32_t> numerics;          // columns of FeatureColumns.numerics that are read
  std::vector<std::string> numeric_names;  // [numerics]
  int64_t slot_width = 0;    // columns that are made of slots: only these have a gradient
  int64_t pooled_width = 0;  // the part of slot_width that all towers read
  int64_t sequences = 0;
  // The column behind the numeric ones: the length of the first sequence.
  int64_t first_length() const { return slot_width + static_cast<int64_t>(numerics.size()); }
  int64_t width() const { return first_length() + sequences; }
  // Whether only some towers read the slot, which is one of `slots`.
  bool IsOwn(const SlotInput& slot) const {
    return !slot.is_sequence() && slot.first >= pooled_width;
  }
};

struct InputLayout {
  uint32_t tables = 0;  // configured ones
  SideInputs contexts;
  SideInputs exposures;
  SlotReads slot_reads;  // what the sparse look-up resolves

  // REQUIRES: `config` has its defaults, and no `embedding` is left to expand (embeddings.h).
  // Error: kInvalidArgument when a configured slot is not in the log (the message lists the log's
  // columns), does not fit its column or names an unknown table, when two have one name, or when no
  // input is left.
  static Result<InputLayout> Make(const TrainConfig& config, const LogSchema& schema);

  // Without what some towers alone read: as encoders see it.
  InputLayout WithoutOwn() const;
};

}  // namespace chorus::worker
