#pragma once
// Picks rows out of several blocks into one set of columns.
// Thread safety: pure functions.

#include <cstdint>
#include <span>

#include "worker/log/batch.h"

namespace chorus::worker {

// A row of one of several sources.
struct RowRef {
  uint32_t source = 0;
  uint32_t row = 0;
};

// Makes *out a set of no rows with the columns of one side of the schema; keeps its memory.
void ClearColumns(const LogSchema& schema, bool context, FeatureColumns* out);

// Appends the rows that `refs` name, in their order. REQUIRES: sources and *out have the columns of
// this side.
void AppendRows(const LogSchema& schema, bool context,
                std::span<const FeatureColumns* const> sources, std::span<const RowRef> refs,
                FeatureColumns* out);

}  // namespace chorus::worker
