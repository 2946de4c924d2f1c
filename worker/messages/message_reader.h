#pragma once
// Messages of a topic: each partition has its own, numbered by offsets that grow and may have
// gaps. Thread safety: one thread.

#include <cstdint>
#include <string_view>

#include "common/status.h"

namespace chorus::worker {

struct Message {
  uint32_t partition = 0;
  uint64_t offset = 0;
  int64_t timestamp = -1;       // milliseconds since 1970; -1: it has none
  std::string_view bytes = {};  // until the next call of the reader
};

struct MessageEvent {
  enum class Kind {
    kNothing,     // nothing came in time
    kMessage,     // one came
    kEnd,         // all messages of message.partition were given
    kOutOfRange,  // message.partition does not have the offset that comes next
    kTrouble,     // message.partition gives nothing now: message.bytes says why
  };
  Kind kind = Kind::kNothing;
  Message message = {};
};

struct OffsetRange {
  uint64_t first = 0;  // offset of the first message that is there, or comes next
  uint64_t end = 0;    // behind the last one
};

// Errors of all calls: kUnavailable, no broker answers within the time given; errors that waiting
// cannot mend have other codes.
class MessageReader {
 public:
  virtual ~MessageReader() = default;
  // How many partitions there are; they are numbered from 0.  Error: kNotFound, no such topic.
  virtual Result<uint32_t> CountPartitions(double seconds) = 0;
  virtual Result<OffsetRange> RangeOf(uint32_t partition, double seconds) = 0;
  // From now on Next gives messages of the partition from `offset` on, whatever it gave before.
  virtual Status Read(uint32_t partition, uint64_t offset) = 0;
  // The next event of any partition that is read; waits up to `seconds` for one.
  virtual Result<MessageEvent> Next(double seconds) = 0;
};

}  // namespace chorus::worker
