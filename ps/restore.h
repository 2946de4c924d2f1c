#pragma once
// Loads a checkpoint's shard files into the shards of one owner thread, whatever number of shards
// the checkpoint was cut into.
// Thread safety: runs as a job of the owner.

#include <cstdint>

#include "common/file.h"
#include "common/status.h"
#include "common/wire.pb.h"
#include "ps/shard_owner.h"

namespace chorus::ps {

// Replaces every row of the owner's shards by those that `meta` asks for, and returns the step of
// the files. Errors: kNotFound, kDataLoss (damaged, or not the files that `meta` lists),
// kFailedPrecondition (another table or pull_ahead), kResourceExhausted; after an error the shards
// are incomplete.
Result<uint64_t> RestoreShards(FileSystem& files, const wire::RestoreMeta& meta,
                               const ServerShape& shape, ShardOwner* owner);

}  // namespace chorus::ps
