#pragma once
// Whether a model is judged by exposures that came before those that it was trained on: it then knows
// what nobody could have known, and looks better than it will when it serves.
// Thread safety: pure function of the logs.

#include <string>

#include "common/config.pb.h"
#include "common/file.h"
#include "worker/log/log_reader.h"

namespace chorus::worker {

// The logs that a caller has open, with the columns that they are stored with (no model's); a log
// that is null is opened here.
struct OpenLogs {
  const LogReader* training = nullptr;    // data.log
  const LogReader* evaluation = nullptr;  // evaluate.log
};

// "" or a line that names both logs, data.log and evaluate.log, their times and the remedy: half of
// the evaluation's exposures came before nearly all of the training's. "" where a log has no times,
// or they are of columns of unlike names. Looks at up to 16 blocks that are spread evenly over each
// log. What cannot be read is told by whoever reads it, and is no doubt here.
std::string DoubtOfTimeOrder(FileSystem& files, const TrainConfig& config,
                             const OpenLogs& open = {});

}  // namespace chorus::worker
