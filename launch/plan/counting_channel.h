#pragma once
// The server's end of a worker's steps without a server: a channel that answers every step with
// rows of whatever its memory holds, and counts what the frames take. With it the client's own code
// (worker/servers/ps_client.h) says what a job will send. Thread safety: one thread.

#include <cstdint>
#include <memory>
#include <vector>

#include "common/transport.h"

namespace chorus::launch {

// Frames in one direction. `bytes` are those that the client and the server count: metas and
// arrays. `wire_bytes` have what framing adds, too (common/README.md).
struct FrameCount {
  uint64_t frames = 0;
  uint64_t bytes = 0;
  uint64_t wire_bytes = 0;

  FrameCount& operator+=(const FrameCount& other) {
    frames += other.frames;
    bytes += other.bytes;
    wire_bytes += other.wire_bytes;
    return *this;
  }
  friend bool operator==(const FrameCount&, const FrameCount&) = default;
};

// dims: of the table instances.  part_bytes: cluster.max_part_kb.  sent, received: from the
// worker's side; they outlive the channel and are added to.
std::unique_ptr<Channel> NewCountingChannel(std::vector<uint32_t> dims, uint64_t part_bytes,
                                            FrameCount* sent, FrameCount* received);

}  // namespace chorus::launch
