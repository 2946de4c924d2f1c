#pragma once
// Labels of a training log from which nothing can be learnt, told before hours are spent on them.
// Thread safety: pure functions.

#include <string>
#include <vector>

#include "common/config.pb.h"
#include "worker/log/log_reader.h"

namespace chorus::worker {

// From the counts in the log's index: no click; nothing but clicks (unless data.rows asks for
// them); no click that converts; every click converts. Each doubt has its remedy; "" where there
// are labels of both kinds, and for a log without rows.
std::string DoubtOfLogLabels(const std::vector<BlockInfo>& blocks, const TrainConfig& config);

}  // namespace chorus::worker
