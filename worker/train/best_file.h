#pragma once
// The best evaluation of a run (checkpoint.best), beside the folders of its checkpoints: a file
// BEST.CLAIM per job that has judged one (checkpoint_claim.h; jobs of older programs had BEST). The
// newest claim's counts, so that what a rank writes that outlives its job is passed over.
// Thread safety: one writer a directory.

#include <optional>
#include <string>

#include "common/checkpoint.pb.h"
#include "common/file.h"
#include "common/status.h"

namespace chorus::worker {

// Empty where there is none, or where its checkpoint has been removed. Error: kDataLoss.
Result<std::optional<BestCheckpoint>> ReadBest(FileSystem& files, const std::string& directory);
// claim: the token of the writer's claim; "" = it has none. Files of older claims are removed.
Status WriteBest(FileSystem& files, const std::string& directory, const BestCheckpoint& best,
                 const std::string& claim = "");
Status RemoveBest(FileSystem& files, const std::string& directory);  // all that there are

}  // namespace chorus::worker
