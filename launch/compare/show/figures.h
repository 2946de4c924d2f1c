#pragma once
// Pictures of a comparison: of its runs, one per method (training curves, calibration, PCOC by
// pCTR), and of its table. Pictures of runs show the runs behind the method's row of the tables;
// the test rows of several data sets are taken together. Thread safety: one thread.

#include <string>
#include <vector>

#include "launch/compare/measure/cells.h"

namespace chorus::launch {

struct TrainingPictures {
  std::vector<std::string> pictures;
  std::vector<std::string> missing;  // why a run has no line: names its file
};
// Loss by step: a thin line per run, a bold one for their mean where all report the same steps. A
// run whose metrics.jsonl cannot be read has no line, which is logged too.
TrainingPictures TrainingCurves(const FinishedRuns& finished);

// pCVR on clicked exposures, one line per seed.
Result<std::vector<std::string>> CalibrationCurves(const FinishedRuns& finished);

// Clicked exposures in buckets of pCTR: the common CTR model's pCTR with the first finished seed,
// so that all methods and seeds have the same buckets, or the first seed's own where there is no
// common CTR model. pCVR is the mean over seeds. Error: kFailedPrecondition, which names two score
// files, when seeds are of different logs.
Result<std::vector<std::string>> PcocCurves(const FinishedRuns& finished);

// The methods' differences to the base with their intervals, one picture per column; none for
// columns without differences. columns: numbers in table.columns.
std::vector<std::string> DotPlots(const FinishedRuns& finished, const CompareTable& table,
                                  const std::vector<size_t>& columns);

}  // namespace chorus::launch
