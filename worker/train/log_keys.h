#pragma once
// The rows that scoring a log reads, found before a checkpoint is loaded: a small log needs few
// rows of a large checkpoint. Thread safety: the trainer's thread; every worker calls the same.

#include <optional>
#include <string>
#include <vector>

#include "common/checkpoint.pb.h"
#include "common/key.h"
#include "common/status.h"
#include "worker/train/session.h"

namespace chorus::worker {

using KeysOfTables = std::vector<std::vector<Key>>;  // [table instances], ascending and unique

// Reads the log once, each worker a stretch of it, unless it is so large beside the checkpoint that
// loading every row is quicker. Worker 0 gets the keys; nothing, if there are too many of them, and
// on the other workers. Error: that of the log.
Result<std::optional<KeysOfTables>> FewKeysOfLog(Session* session,
                                                 const std::vector<std::string>& log,
                                                 const CheckpointManifest& manifest);

}  // namespace chorus::worker
