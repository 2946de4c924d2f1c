#pragma once
// Reasons to doubt that a schema names the right columns of labels, from an import's counts.
// Thread safety: pure function.

#include <cstdint>
#include <string>

#include "common/config.pb.h"

namespace chorus::worker {

struct ImportedLabels {
  uint64_t rows = 0;
  uint64_t clicks = 0;
  uint64_t conversions = 0;            // of rows with a click
  uint64_t unclicked_conversions = 0;  // dropped or kept
  bool has_click = true;               // whether the schema names a column of clicks
  bool has_conversion = true;
  bool goes_on = false;  // rows are a portion of a text that is followed: others may have labels
};

// The warning, "" where there is none: no row has a click, no click converts, most conversions have
// no click, or every click converts. The last two need more than a few conversions.
std::string DoubtOfLabels(const ImportSchema& schema, const ImportedLabels& counts);

// The warning that one part of a split has no click, or no conversion, while others have; "" where
// there is none. of_part: what its rows have; all: those of all parts. REQUIRES: the part is no fold;
// of these the others teach while one is tested, and chorus compare says what cannot be judged there.
std::string DoubtOfPart(const std::string& part, const ImportedLabels& of_part,
                        const ImportedLabels& all);

}  // namespace chorus::worker
