#pragma once
// What is doubtful about an import's cells and row ids, as lines that tell a person what to do.
// Thread safety: pure functions.

#include <string>
#include <vector>

#include "common/config.pb.h"
#include "worker/import/column_notes.h"
#include "worker/import/repeated_ids.h"

namespace chorus::worker {

// A line for each note of cells that are hardly meant: ids with exponents, and numbers below 0
// whose logarithm is taken.
std::vector<std::string> DoubtsOfCells(const std::vector<ColumnNote>& notes);

// "" when no row has the id of an earlier one.
std::string DoubtOfRepeatedIds(const ImportSchema& schema, const RepeatedRows& repeated);

}  // namespace chorus::worker
