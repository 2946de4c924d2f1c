#include "worker/import/followed_partition.h"

#include "common/file.h"
#include "common/key.h"
#include "common/strings.h"

namespace chorus::worker {
namespace {

uint64_t ChecksumOf(const Message& message) {
  return Mix(Checksum(message.bytes) ^ Mix(static_cast<uint64_t>(message.timestamp)));
}

Status IsAnother(const std::string& why) {
  return FailedPrecondition(
      StrCat(why,
             ": the topic was made anew, or these are other brokers. What it has now is another "
             "input: import it into a new folder, and give a training both logs"));
}

}  // namespace

std::string PartitionProgress::Place(uint64_t offset) const {
  return StrCat("partition ", position_.number(), ", offset ", offset);
}

Result<bool> PartitionProgress::Take(const Message& message) {
  at_end_ = false;
  if (message.offset < position_.next_offset()) {
    if (position_.has_last() && message.offset == position_.last_offset() &&
        ChecksumOf(message) != position_.last_checksum()) {
      return IsAnother(StrCat(Place(message.offset), " is not the message that was read there"));
    }
    return false;
  }
  position_.set_next_offset(message.offset + 1);
  position_.set_has_last(true);
  position_.set_last_offset(message.offset);
  position_.set_last_checksum(ChecksumOf(message));
  return true;
}

Result<uint64_t> PartitionProgress::Lose(const OffsetRange& range) const {
  if (range.end < position_.next_offset()) {
    return IsAnother(StrCat(Place(position_.next_offset()),
                            " comes next, and the partition ends at ", range.end));
  }
  return range.first > position_.next_offset() ? range.first - position_.next_offset() : 0;
}

void PartitionProgress::GoOnAt(uint64_t offset) {
  at_end_ = false;
  position_.set_next_offset(offset);
  position_.clear_has_last();
  position_.clear_last_offset();
  position_.clear_last_checksum();
}

}  // namespace chorus::worker
