#pragma once
// The lines of a text as the rows of a table. Thread safety: that of row_table.h.

#include <memory>

#include "worker/import/row_table.h"
#include "worker/import/text_table.h"

namespace chorus::worker {

std::unique_ptr<RowTable> NewTextRows(std::unique_ptr<TextTable> table);

}  // namespace chorus::worker
