#pragma once
// The clicked exposures of runs, as figures by pCTR and of calibration take them.
// Thread safety: values.

#include <cstdint>
#include <vector>

#include "launch/compare/run_scores.h"

namespace chorus::launch {

// All [n], ctr_logit also empty: no pCTR stands for the run.
struct ClickedRows {
  std::vector<double> ctr_logit;  // of the common CTR model
  std::vector<double> cvr_logit;
  std::vector<double> pcvr;
  std::vector<uint8_t> conversion;

  void Append(const ClickedRows& other);
};

Result<ClickedRows> ClickedRowsOf(const FinishedRun& run, RunScoresReader* reader);

// Runs of one data set: rows of the first one, with the mean pCVR of all. Error:
// kFailedPrecondition, names two score files, when they are of different logs.
Result<ClickedRows> MeanOfSeeds(const std::vector<const FinishedRun*>& seeds,
                                RunScoresReader* reader);

}  // namespace chorus::launch
