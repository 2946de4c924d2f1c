#pragma once
// What part of a log a step of the shuffled order is drawn from: a window of each lane, whose
// blocks may be anywhere in the log (grain_reader.h). On a log that is sorted, say by user, blocks
// differ, and a small part has other rates than the whole: the last steps then decide what the
// model is calibrated to. Thread safety: pure functions.

#include <cstdint>
#include <string>
#include <vector>

#include "common/config.pb.h"
#include "worker/log/log_reader.h"

namespace chorus::worker {

// The window, in blocks, with which a step is drawn from the whole log, or from a million exposures
// and a quarter of a GiB of the log's bytes if that is less; at least the default. The windows of a
// lane come out nearly equal, so that the last one of an epoch is no small one, unless there are
// more than ten.
struct LogExtent {
  uint64_t rows = 0, blocks = 0, bytes = 0;
};
uint32_t FittedWindow(const LogExtent& log, uint32_t grains_per_step);

// How much the clicks (or converted clicks) of `view` blocks drawn from the log vary because blocks
// differ: their standard deviation, divided by their mean, beyond what independent exposures have.
// 0 where blocks differ by no more than chance.  of: the rows among which the label is counted,
// exposures or clicks.
double DriftOfView(const std::vector<BlockInfo>& blocks, uint64_t view, uint32_t BlockInfo::*label,
                   uint32_t BlockInfo::*of = &BlockInfo::rows);

// "" unless the log is sorted so that a rate of its labels varies by over a tenth among the parts
// of the log that steps are drawn from.
std::string DoubtOfView(const std::vector<BlockInfo>& blocks, const TrainConfig& config);

}  // namespace chorus::worker
