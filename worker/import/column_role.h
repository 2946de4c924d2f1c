#pragma once
// The likely use of a column, by its name and by what is seen of its cells.
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

// Whether a column may have this role; for the roles up to kWeight.
bool MayBe(ColumnRole role, const std::string& name, const ColumnSample& sample);

// Whether the cells may be counts of events of a row: whole numbers from 0 on, some above 1.
bool MayBeCounts(const ColumnSample& sample);

// Why a column tells the outcome that a label (kClick, kConversion) stands for, by its name and
// cells, where no column of 0 and 1 is found for that label: counts, other marks than 0 and 1, or
// the event's time. "" when it does not.
std::string OutcomeOf(ColumnRole label, const std::string& name, const ColumnSample& sample);

// Whether the column may hold clicks where no column has a name for clicks: "label", "target".
bool MayBeUnnamedLabel(const std::string& name, const ColumnSample& sample);

// Whether the column may hold row ids where no column has a name for them: a short text of its own
// in every row.
bool MayBeUnnamedTextId(const ColumnSample& sample);

// Whether the cells say what happened, in words of labels: "view", "click", "buy". Where each of
// these is a row, the label of an exposure is in other rows than its own.
bool HoldsEvents(const std::string& name, const ColumnSample& sample);

// Whether nothing in the name of a column of times says that they are of something else than the
// exposure, as "install_date" and "birth_date" do.
bool IsNamedAsExposureTime(const std::string& name);

// Whether the cells are numbers that are not read as they are written: "1.234,50", "$3", "7 %". Where
// such a cell may be a list of two ids ("12,50"), the name or other cells have to tell.
bool HoldsRespeltNumbers(const std::string& name, const ColumnSample& sample);

// The role of a feature: slot, numeric or excluded, and why.
struct FeatureRole {
  ColumnRole role;
  std::string why;
};
FeatureRole GuessFeature(const std::string& name, const ColumnSample& sample);

}  // namespace chorus::worker
