#pragma once
// A channel in place of a server: it answers every step with rows of uninitialised memory, and
// counts the frames and their bytes. With it the client's own code (worker/servers/ps_client.h)
// shows how much a job will send. Thread safety: one thread.

#include <cstdint>
#include <memory>
#include <vector>

#include "common/transport.h"

namespace chorus::launch {

// Frames in one direction. `bytes` are those that the client and the server count: metas and
// arrays. `wire_bytes` also include the framing (common/README.md).
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

// dims: those of the table instances. part_bytes: cluster.max_part_kb in bytes. sent, received: as
// the worker sees it; the channel adds to them, and they outlive it.
std::unique_ptr<Channel> NewCountingChannel(std::vector<uint32_t> dims, uint64_t part_bytes,
                                            FrameCount* sent, FrameCount* received);

}  // namespace chorus::launch
