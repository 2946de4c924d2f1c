#pragma once
// What makes one doubt that a schema names the right columns of labels, from an import's counts.
// Thread safety: pure function.

#include <cstdint>
#include <string>

#include "common/config.pb.h"

namespace chorus::worker {

struct ImportedLabels {
  uint64_t clicks = 0;
  uint64_t conversions = 0;            // of rows with a click
  uint64_t unclicked_conversions = 0;  // dropped or kept
};

// The warning, "" where there is none: most conversions have no click, or every click converts. A
// few conversions say nothing.  REQUIRES: the schema names both labels.
std::string DoubtOfLabels(const ImportSchema& schema, const ImportedLabels& counts);

}  // namespace chorus::worker
