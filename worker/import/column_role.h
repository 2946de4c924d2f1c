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

// Whether nothing but words of this label (kClick, kConversion) and of counting are in the name:
// "clicks", "num_clicks", and not "user_clicks_7d", which is a feature.
bool IsNamedAs(ColumnRole label, const std::string& name);
// Whether the cells may be counts of events of a row: whole numbers from 0 on, some above 1.
bool MayBeCounts(const ColumnSample& sample);

// Whether it may be the clicks' for want of a column with such a name: "label", "target".
bool MayBeUnnamedLabel(const std::string& name, const ColumnSample& sample);

// Whether it may be the row ids for want of a column with such a name: a short text of its own in
// every row.
bool MayBeUnnamedTextId(const ColumnSample& sample);

// Slot, numeric or excluded, and why.
struct FeatureRole {
  ColumnRole role;
  std::string why;
};
FeatureRole GuessFeature(const std::string& name, const ColumnSample& sample);

}  // namespace chorus::worker
