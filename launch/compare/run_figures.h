#pragma once
// Pictures of a comparison's runs, one a method: training curves, calibration, PCOC by pCTR. In
// them are the runs that the method's row of the tables is made of; the test rows of several data
// sets are taken together. Thread safety: one thread.

#include <string>
#include <vector>

#include "launch/compare/finished_runs.h"

namespace chorus::launch {

struct TrainingPictures {
  std::vector<std::string> pictures;
  std::vector<std::string> missing;  // why a run has no line: names its file
};
// Loss by step: a thin line a run, a bold one for their mean where all report the same steps. A run
// whose metrics.jsonl cannot be read has none, which is logged too.
TrainingPictures TrainingCurves(const FinishedRuns& finished);

// pCVR on clicked exposures, one line a seed.
Result<std::vector<std::string>> CalibrationCurves(const FinishedRuns& finished);

// Clicked exposures in buckets of the common CTR model's pCTR, that of the first finished seed, so
// that all methods and seeds have the same buckets; pCVR is the mean over seeds. Without a common
// CTR model, the first seed's own.
Result<std::vector<std::string>> PcocCurves(const FinishedRuns& finished);

}  // namespace chorus::launch
