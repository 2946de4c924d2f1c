#pragma once
// Files of typed columns (Parquet, ORC) as the rows of a table. They must have the same columns, by
// name, place and kind of type. With several threads one more, called "columns", reads ahead.
// Thread safety: that of row_table.h.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/status.h"
#include "worker/columns/column_source.h"
#include "worker/import/row_table.h"

namespace chorus::worker {

struct ColumnInput {
  std::string name;  // in messages
  std::function<Result<std::unique_ptr<ColumnSource>>()> open;
};

// Opens the first input and learns the columns. REQUIRES: an input.
Result<std::unique_ptr<RowTable>> OpenColumnRows(std::vector<ColumnInput> inputs, uint32_t threads);

}  // namespace chorus::worker
