#pragma once
// A topic in memory that changes as topics of brokers do: it grows, forgets what is old, is made
// anew, gets partitions, and does not answer. Thread safety: none.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/status.h"
#include "worker/messages/message_reader.h"

namespace chorus::worker {

struct FakeTopic {
  struct Partition {
    std::map<uint64_t, std::string> messages;  // by offset
    uint64_t first = 0, end = 0;
    bool has_leader = true;  // without, nothing comes
    std::string trouble;     // told while a reader waits, where there is no leader
  };
  std::vector<Partition> partitions;
  bool answers = true;
  bool exists = true;
  bool tells_ends = true;     // false for partitions to which something comes all the time
  bool answers_range = true;  // of offsets
  uint64_t late_ranges = 0;   // one in this many questions for offsets is late; 0: none
  double range_seconds = 0;   // how long the brokers think about one
  std::function<void()> on_wait = [] {};  // what happens while a reader waits

  explicit FakeTopic(size_t count) : partitions(count) {}
  void Add(size_t partition, const std::string& text) {
    Partition& in = partitions[partition];
    in.messages[in.end++] = text;
  }
  // As retention does.
  void Forget(size_t partition, uint64_t before) {
    Partition& in = partitions[partition];
    in.messages.erase(in.messages.begin(), in.messages.lower_bound(before));
    in.first = before;
  }
};

class FakeTopicReader final : public MessageReader {
 public:
  // `topic` outlives the reader, and may change meanwhile.
  explicit FakeTopicReader(const FakeTopic* topic) : topic_(*topic) {}

  Result<uint32_t> CountPartitions(double /*seconds*/) override {
    if (!topic_.answers) return Unavailable("Connection refused");
    if (!topic_.exists) return NotFound("Unknown topic or partition");
    return static_cast<uint32_t>(topic_.partitions.size());
  }
  Result<OffsetRange> RangeOf(uint32_t partition, double seconds) override {
    const bool is_late = topic_.late_ranges > 0 && ++ranges_ % topic_.late_ranges == 0;
    if (is_late || seconds < topic_.range_seconds) return Unavailable("Timed out");
    if (!topic_.answers || !topic_.answers_range) return Unavailable("Connection refused");
    return OffsetRange{topic_.partitions[partition].first, topic_.partitions[partition].end};
  }
  Status Read(uint32_t partition, uint64_t offset) override {
    at_[partition] = {.next = offset};
    return Status::Ok();
  }
  // One message of each partition in turn.
  Result<MessageEvent> Next(double seconds) override {
    if (seconds > 0) topic_.on_wait();
    for (size_t i = 0; seconds > 0 && i < topic_.partitions.size(); ++i) {
      const FakeTopic::Partition& in = topic_.partitions[i];
      if (in.has_leader || in.trouble.empty()) continue;
      return MessageEvent{MessageEvent::Kind::kTrouble,
                          {.partition = static_cast<uint32_t>(i), .bytes = in.trouble}};
    }
    for (size_t tries = 0; topic_.answers && tries < topic_.partitions.size(); ++tries) {
      const auto partition = static_cast<uint32_t>(turn_++ % topic_.partitions.size());
      if (at_.count(partition) == 0 || at_[partition].waits) continue;
      if (!topic_.partitions[partition].has_leader) continue;
      const MessageEvent event = NextOf(partition);
      if (event.kind != MessageEvent::Kind::kNothing) return event;
    }
    return MessageEvent();
  }

 private:
  struct At {
    uint64_t next = 0;
    bool ended = false;  // the end was told
    bool waits = false;  // for another Read
  };

  MessageEvent NextOf(uint32_t partition) {
    const FakeTopic::Partition& in = topic_.partitions[partition];
    At& at = at_[partition];
    MessageEvent event = {.message = {.partition = partition, .offset = at.next}};
    const auto found = in.messages.lower_bound(at.next);
    if (at.next < in.first || at.next > in.end) {
      at.waits = true;
      event.kind = MessageEvent::Kind::kOutOfRange;
    } else if (found != in.messages.end()) {
      event.kind = MessageEvent::Kind::kMessage;
      event.message = {partition, found->first, 1000, found->second};
      at.next = found->first + 1;
      at.ended = false;
    } else if (!at.ended && topic_.tells_ends) {
      at.ended = true;
      event.kind = MessageEvent::Kind::kEnd;
    }
    return event;
  }

  const FakeTopic& topic_;
  std::map<uint32_t, At> at_;
  size_t turn_ = 0;
  uint64_t ranges_ = 0;
};

}  // namespace chorus::worker
