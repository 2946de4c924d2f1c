#pragma once
// Which columns of a log a model reads, and where each stands in the input matrices: contexts and
// exposures have one matrix each, slots first (pooled embeddings, side by side), numeric columns
// after them. Thread safety: a value.

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
  uint32_t table = 0;   // configured table; of embedding group g the instance g * tables + table
  uint32_t dim = 0;     // of that table
  int64_t first = 0;    // first column of the input matrix
  SlotConfig::Pooling pooling = SlotConfig::SUM;
};

struct SideInputs {
  std::vector<SlotInput> slots;
  std::vector<uint32_t> numerics;  // columns of FeatureColumns.numerics that are read
  int64_t slot_width = 0;          // columns made of slots: only they have a gradient
  int64_t width() const { return slot_width + static_cast<int64_t>(numerics.size()); }
};

struct InputLayout {
  uint32_t tables = 0;  // configured ones
  SideInputs contexts;
  SideInputs exposures;
  SlotTables slot_tables;  // the same, as the sparse look-up reads it

  // `config` with defaults applied. Error: kInvalidArgument when a configured slot is not in the
  // log (the message lists what is), does not fit its column, names an unknown table, or when no
  // input is left.
  static Result<InputLayout> Make(const TrainConfig& config, const LogSchema& schema);
};

}  // namespace chorus::worker
