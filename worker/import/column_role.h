#pragma once
// What a column is likely to be for, by its name and by what is seen of its cells.
// Thread safety: pure functions.

#include <string>

#include "worker/import/column_sample.h"

namespace chorus::worker {

enum class ColumnRole {
  kClick,
  kConversion,
  kRowId,
  kGroup,
  kTime,
  kWeight,
  kSlot,
  kNumeric,
  kExcluded,
};

// Whether a column may be the one of this role; for the roles up to kWeight.
bool MayBe(ColumnRole role, const std::string& name, const ColumnSample& sample);

// Whether the cells may be counts of events of a row: whole numbers from 0 on, some above 1.
bool MayBeCounts(const ColumnSample& sample);

// Why a column tells what a label of its row would, by its name and cells, where no column of 0 and 1
// is found for that label (kClick, kConversion): counts, other marks than 0 and 1, the event's time.
// "" when it does not.
std::string OutcomeOf(ColumnRole label, const std::string& name, const ColumnSample& sample);

// Whether it may be the clicks' for want of a column with such a name: "label", "target".
bool MayBeUnnamedLabel(const std::string& name, const ColumnSample& sample);

// Whether it may be the row ids for want of a column with such a name: a short text of its own in
// every row.
bool MayBeUnnamedTextId(const ColumnSample& sample);

// Whether the cells are numbers that are not read as they are written: "1.234,50", "$3", "7 %". Where
// such a cell may be a list of two ids ("12,50"), the name or other cells have to tell.
bool HoldsRespeltNumbers(const std::string& name, const ColumnSample& sample);

// Slot, numeric or excluded, and why.
struct FeatureRole {
  ColumnRole role;
  std::string why;
};
FeatureRole GuessFeature(const std::string& name, const ColumnSample& sample);

}  // namespace chorus::worker
