#pragma once
// The rows of a checkpoint as one sequence per table, in ascending order of keys, whatever the
// number of shards. Thread safety: one thread.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/checkpoint.pb.h"
#include "common/file.h"
#include "common/status.h"
#include "ps/shard_file.h"

namespace chorus::launch {

class CheckpointRows {
 public:
  // Opens every shard file that the manifest names. Error: kDataLoss when one is of another step or
  // cut than the manifest says, or has tables of another shape than the others.
  static Result<std::unique_ptr<CheckpointRows>> Open(FileSystem& files, const std::string& folder,
                                                      const CheckpointManifest& manifest);

  // Tables by the names of the manifest; dimensions are equal in all shards.
  const std::vector<ps::ShardFileTable>& tables() const { return tables_; }  // rows: of all shards
  // Calls `visit` for each row of a table, by ascending key.
  Status Visit(uint32_t table, const std::function<Status(const ps::ShardRow&)>& visit) const;
  // The rows that pending steps (pull_ahead) had pulled, merged over shards, by step.
  Result<std::vector<ps::PendingRows>> Pending() const;

 private:
  std::vector<std::unique_ptr<ps::ShardFile>> shards_;
  std::vector<ps::ShardFileTable> tables_;
};

}  // namespace chorus::launch
