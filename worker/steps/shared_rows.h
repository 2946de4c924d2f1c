#pragma once
// Whether the log that judges a model holds exposures that it was trained on: the same files under
// whatever names, or the same rows by their ids. Thread safety: pure function of the logs.

#include <string>

#include "common/config.pb.h"
#include "common/file.h"

namespace chorus::worker {

// "" or a line that names both, data.log and evaluate.log, and the remedy. Rows are compared where
// both logs have row ids of their own, by these and by group and time or, without both, by the keys
// of their features. Looks at up to 64 blocks that are spread evenly over each log, of a million
// rows and 256 MB in all at most unless one block has more. What cannot be read is told by whoever
// reads it, and is no doubt here.
std::string DoubtOfSharedRows(FileSystem& files, const TrainConfig& config);

}  // namespace chorus::worker
