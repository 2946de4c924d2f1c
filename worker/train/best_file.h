#pragma once
// The best evaluation of a run (checkpoint.best), beside the folders of its checkpoints: a file
// BEST.CLAIM per job that has judged one (checkpoint_claim.h; jobs of older programs had BEST). The
// file of the newest claim counts, so that a file is passed over that a rank writes after its job
// has ended.
// Thread safety: one writer per directory.

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
Status RemoveBest(FileSystem& files, const std::string& directory);  // all of them

}  // namespace chorus::worker
