#pragma once
// Copies chosen rows of several blocks into one set of columns.
// Thread safety: pure functions.

#include <cstdint>
#include <span>

#include "worker/log/batch.h"

namespace chorus::worker {

// Row `row` of source number `source`.
struct RowRef {
  uint32_t source = 0;
  uint32_t row = 0;
};

// Gives *out the columns of one side of the schema, with no rows, and keeps its memory.
void ClearColumns(const LogSchema& schema, bool context, FeatureColumns* out);

// Appends the rows that `refs` name, in their order. REQUIRES: sources and *out have the columns of
// this side.
void AppendRows(const LogSchema& schema, bool context,
                std::span<const FeatureColumns* const> sources, std::span<const RowRef> refs,
                FeatureColumns* out);

}  // namespace chorus::worker
