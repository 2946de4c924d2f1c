#pragma once
// A calibration curve from rows: the counterpart of the histogram's own bins (tally.h) for what
// stands in score files. Thread safety: pure function.

#include <cstdint>
#include <span>
#include <vector>

#include "common/report.pb.h"

namespace chorus::worker {

constexpr uint32_t kCalibrationBins = 20;

// Up to kCalibrationBins bins of equal size by ascending logit, as ECE has them: equal logits stay
// together, in the bin in which the first of them falls.  All [n].
std::vector<CalibrationBin> CalibrationBins(std::span<const double> logit,
                                            std::span<const double> probability,
                                            std::span<const double> label);

}  // namespace chorus::worker
