#pragma once
// The first rows of typed inputs (Parquet, ORC, TFRecord) as a sample of texts, with what the types
// of the columns say. Thread safety: pure function.

#include <cstdint>
#include <vector>

#include "common/status.h"
#include "worker/import/file_format.h"
#include "worker/import/text_sample.h"
#include "worker/import/text_table.h"

namespace chorus::worker {

// At most `most_rows` rows and about `most_bytes`, as TakeSample has it. Numbers are their digits,
// integral floats those of the integer, bools 1 and 0, times "2025-11-27 10:00:00" in UTC; NaN and
// null are missing; of a list of ids all pieces, "3|4" or "3:0.5|4:2"; of one of numbers or times
// nothing, as only its length is of use.  REQUIRES: the content of all inputs, which is not text.
// Errors: those of reading; kInvalidArgument when there is no row.
Result<TextSample> TakeTypedSample(Content content, const std::vector<TextInput>& inputs,
                                   uint64_t most_rows, uint64_t most_bytes = kMostSampleBytes);

}  // namespace chorus::worker
