#pragma once
// Sequences that an encoder reads side by side are attributes of the same elements (item,
// shop, ...): row by row they have equally many ids. An import leaves out ids that are missing, and
// the ids behind one then move to other places. Thread safety: pure functions.

#include <string>

#include "common/config.pb.h"
#include "worker/log/log_reader.h"

namespace chorus::worker {

// "" unless rows of the log have other numbers of ids in one such sequence than in another: then a
// line with the slots and the number of such rows. Looks at 64 blocks at most, spread evenly over
// the log; a block that cannot be read is passed over here.
// REQUIRES: config is complete (InputLayout::Make).
std::string DoubtOfSequences(const LogReader& log, const TrainConfig& config);

}  // namespace chorus::worker
