#pragma once
// Records of tf.Example and tf.SequenceExample (files of TFRecord) as the rows of a table. Records
// have no header: the columns are the features of the first records, by name, and others that the
// schema names, which may be rare. Thread safety: that of row_table.h.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/status.h"
#include "worker/import/example_reader.h"
#include "worker/import/row_table.h"
#include "worker/import/text_table.h"

namespace chorus::worker {

// The number of first records that are looked at, unless the caller says otherwise.
inline constexpr uint64_t kExampleSample = 10000;

// What is known of features before the rows are read.
struct ExampleFeatures {
  std::vector<std::string> names;  // sorted
  std::vector<FeatureKind> kinds;  // [names]
};

// Looks at the first records. named: the features that the schema names; there is a warning of
// those that no record of the sample has, unless the sample is all there is.  REQUIRES: an input;
// each can be opened several times.  Error: kInvalidArgument, there is no feature; those of
// reading.
Result<ExampleFeatures> LookAtExamples(const std::vector<TextInput>& inputs,
                                       const std::vector<std::string>& named,
                                       uint64_t sample = kExampleSample);

// The rows from the first one on.
std::unique_ptr<RowTable> NewExampleRows(const std::vector<TextInput>& inputs,
                                         ExampleFeatures features);

}  // namespace chorus::worker
