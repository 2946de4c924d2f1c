#pragma once
// Labels of a training log from which nothing can be learnt, told before hours are spent on them.
// Thread safety: pure functions.

#include <string>
#include <vector>

#include "common/config.pb.h"
#include "worker/log/log_reader.h"

namespace chorus::worker {

// From the counts in the log's index: no click; nothing but clicks (unless data.rows asks for
// them); no click that converts; every click converts. Each with its remedy; "" where there are
// labels of both kinds, and of a log without rows. has_conversion: of the log's schema; without, the
// doubt is that the job trains a pCVR.
std::string DoubtOfLogLabels(const std::vector<BlockInfo>& blocks, const TrainConfig& config,
                             bool has_conversion);

}  // namespace chorus::worker
