#pragma once
// A calibration curve from the rows of score files. Evaluation makes the same curve from a
// histogram (score_histogram.h). Thread safety: pure function.

#include <cstdint>
#include <span>
#include <vector>

#include "common/report.pb.h"

namespace chorus::worker {

constexpr uint32_t kCalibrationBins = 20;

// Up to kCalibrationBins bins of equal size by ascending logit, as ECE has them. Rows of equal
// logits stay together, in the bin in which the first of them falls. Means inside a bin are
// weighted. All arguments are [n]; weight may be empty.
std::vector<CalibrationBin> CalibrationBins(std::span<const double> logit,
                                            std::span<const double> probability,
                                            std::span<const double> label,
                                            std::span<const double> weight = {});

}  // namespace chorus::worker
