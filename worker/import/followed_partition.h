#pragma once
// A partition of a topic while it is followed: how far it is read, and whether it is still the one
// that was read before. Thread safety: none.

#include <cstdint>
#include <string>

#include "common/status.h"
#include "worker/import/follow_position.pb.h"
#include "worker/messages/message_reader.h"

namespace chorus::worker {

class PartitionProgress {
 public:
  explicit PartitionProgress(const FollowedPartition& position) : position_(position) {}

  const FollowedPartition& position() const { return position_; }
  // Where reading begins: at the last message that was read before, if one was, so that it can be
  // compared.
  uint64_t begin() const {
    return position_.has_last() ? position_.last_offset() : position_.next_offset();
  }
  // Whether all messages that there are were given.
  bool at_end() const { return at_end_; }
  void ReachEnd() { at_end_ = true; }

  // True: the message is a new one, and counts as read from now on. Error: kFailedPrecondition, it
  // has the offset of the last one that was read, and differs from it.
  Result<bool> Take(const Message& message);
  // The partition does not have the offset that comes next, or that of the last message. Now it has
  // the offsets of `range`: returns how many messages are lost.  Error: kFailedPrecondition, it has
  // fewer than were read.
  Result<uint64_t> Lose(const OffsetRange& range) const;
  // Reading goes on at `offset`, and compares nothing.
  void GoOnAt(uint64_t offset);

 private:
  std::string Place(uint64_t offset) const;  // "partition 3, offset 17"

  FollowedPartition position_;
  bool at_end_ = false;
};

}  // namespace chorus::worker
