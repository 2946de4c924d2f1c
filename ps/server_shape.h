#pragma once
// A server's part in its job: what it owns, and what the frames meant for it must look like.
// Thread safety: immutable; any thread.

#include <cstdint>
#include <string>
#include <vector>

#include "common/status.h"
#include "common/table_spec.h"
#include "common/tree.h"
#include "common/wire.pb.h"

namespace chorus::ps {

struct ServerShape {
  ServerShape(const wire::JobMeta& job, const std::vector<TableSpec>& tables);

  uint32_t local_shards() const { return end_shard - first_shard; }
  // Error: kFailedPrecondition naming the field in which a frame's job differs.
  Status CheckJob(const wire::JobMeta& other) const;
  std::string name() const;  // "server 1"

  wire::JobMeta job;
  uint32_t first_shard = 0;  // owns the logical shards [first_shard, end_shard)
  uint32_t end_shard = 0;
  std::vector<uint32_t> dims;                // [table instance]
  std::vector<std::vector<TreeNode>> nodes;  // [worker]: the subtrees it may send gradients of
};

}  // namespace chorus::ps
