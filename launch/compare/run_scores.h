#pragma once
// What the columns of a comparison take of one run: its scores, the pCTR that stands for all runs
// of its seed and data set, and the values of the field that Field-RCE looks at. Thread safety: one
// thread.

#include <cstdint>
#include <map>
#include <vector>

#include "launch/compare/field_values.h"
#include "launch/compare/finished_runs.h"
#include "worker/metrics/scores.h"

namespace chorus::launch {

struct RunScores {
  worker::Scores scores;
  std::vector<double> common_ctr;  // logits [rows]; empty: nobody's stands for this run
  std::vector<uint64_t> field;     // [rows]; empty: none is configured
};

// The run whose pCTR stands for this run's: the common CTR net's of the same seed and data set, or
// the run itself where the comparison has none. Null: that run is not finished, or means nothing by
// pCTR (a reference).
const FinishedRun* CommonCtrRun(const FinishedRuns& finished, const FinishedRun& run);

class RunScoresReader {
 public:
  // `finished` outlives the reader.
  explicit RunScoresReader(const FinishedRuns& finished) : finished_(finished) {}

  // Errors: kFailedPrecondition, names both score files, when run and common run are of different
  // test logs; what FieldValues give.
  Result<RunScores> Read(const FinishedRun& run);

 private:
  const FinishedRuns& finished_;
  std::map<uint32_t, FieldValues> fields_;  // by data set, read once
};

}  // namespace chorus::launch
