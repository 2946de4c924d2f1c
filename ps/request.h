#pragma once
// Frames from workers, taken apart and checked completely before anything in the server changes: a
// frame that fails a check leaves no trace. Spans point into the frame's arrays, which the request
// keeps alive.
// Thread safety: pure functions; requests are read-only once made.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "common/frame.h"
#include "common/key.h"
#include "common/status.h"
#include "common/tree.h"
#include "common/wire.pb.h"
#include "ps/server_shape.h"

namespace chorus::ps {

// The keys of one table instance for this server.
struct RequestKeys {
  std::span<const Key> keys;
  // [local shards + 1]: keys [begins[i], begins[i + 1]) belong to local shard i.
  std::vector<uint32_t> begins;
};

// A worker's gradients of one subtree in one table instance.
struct RequestNode {
  uint32_t table = 0;
  TreeNode node;
  // True: there is a gradient for every key of the gradients' step, and `positions` is empty.
  bool all = false;
  std::span<const uint32_t> positions;  // [m], ascending
  std::span<const float> gradients;     // [m, dim], finite
};

// A frame of wire.proto's kStep.
struct StepRequest {
  wire::StepMeta meta;
  std::vector<RequestKeys> tables;
  std::vector<RequestNode> nodes;  // by table, then by grain
  std::vector<ByteArray> arrays;
};

// A frame of wire.proto's kRead.
struct ReadRequest {
  std::vector<RequestKeys> tables;
  std::vector<ByteArray> arrays;
};

// Errors: kInvalidArgument, or kFailedPrecondition for a frame of another job; the message says
// what is wrong.
Result<std::shared_ptr<StepRequest>> ParseStep(Frame frame, const ServerShape& shape);
Result<std::shared_ptr<ReadRequest>> ParseRead(Frame frame, const ServerShape& shape);

// Checks sizes, positions and finiteness of the gradients against the keys that they belong to:
// `keys`, which the same worker sent in the frame of the gradients' step. Sets `all` of each node.
Status CheckGradients(StepRequest* request, const std::vector<RequestKeys>& keys,
                      const ServerShape& shape);

// Bounds what a request makes the server allocate: the rows of all its keys, and bytes_beside_a_row
// more for each key. Error: kResourceExhausted above max_bytes.
Status CheckReplyBytes(const std::vector<RequestKeys>& tables, const ServerShape& shape,
                       uint64_t bytes_beside_a_row, uint64_t max_bytes);

// Uninitialised arrays for the rows of all keys: [table], [n, dim] float32.
std::vector<ByteArray> AllocateRows(const std::vector<RequestKeys>& tables,
                                    const ServerShape& shape);
// The same arrays and, behind them, arrays that say whether each key is seen: [tables + table], [n]
// uint8.
std::vector<ByteArray> AllocateRead(const std::vector<RequestKeys>& tables,
                                    const ServerShape& shape);

}  // namespace chorus::ps
