#pragma once
// Puts a worker's keys and gradients into frames (wire.proto gives their arrays). Everything that
// they view is copied, so that the caller may use its memory again while a channel keeps the frame.
// Thread safety: one thread; CopyAll uses the pool's.

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "common/frame.h"
#include "common/status.h"
#include "common/wire.pb.h"
#include "worker/math/array_copies.h"
#include "worker/servers/key_segments.h"
#include "worker/servers/ps_client.h"

namespace chorus::worker {

class FrameMaker {
 public:
  // dims: [table instance]. pool: its threads copy; null: the caller alone does.
  FrameMaker(std::vector<uint32_t> dims, uint32_t servers, uint32_t shards, ThreadPool* pool)
      : dims_(std::move(dims)), servers_(servers), shards_(shards), pool_(pool) {}

  // Both append arrays for one server, whose contents are there after CopyAll.
  void AddKeys(const std::vector<TableKeys>& keys, const KeySegments& segments, uint32_t server,
               Frame* frame);
  // segments: those of the keys that the gradients belong to.
  void AddGradients(const StepGradients& gradients, const KeySegments& segments, uint32_t server,
                    wire::StepMeta* meta, Frame* frame);
  Status CopyAll();

 private:
  // An array that has these bytes after CopyAll.
  ByteArray ToBeCopied(std::span<const std::byte> bytes);

  const std::vector<uint32_t> dims_;
  const uint32_t servers_;
  const uint32_t shards_;
  ThreadPool* const pool_;
  ArrayCopies copies_;  // into the frame that is being made
};

}  // namespace chorus::worker
