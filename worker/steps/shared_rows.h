#pragma once
// Whether the log that judges a model holds exposures that it was trained on: the same files under
// whatever names, or the same rows by their ids. Thread safety: pure function of the logs.

#include <string>

#include "common/config.pb.h"
#include "common/file.h"

namespace chorus::worker {

// "" or a line that names both, data.log and evaluate.log, and the remedy. Rows are compared where
// both logs have row ids of their own, in some blocks that are spread evenly over each. What cannot
// be read is told by whoever reads it, and is no doubt here.
std::string DoubtOfSharedRows(FileSystem& files, const TrainConfig& config);

}  // namespace chorus::worker
