#pragma once
// Which partitions a followed topic has, where reading begins in new ones, and for how long its
// brokers have not answered. Thread safety: none.

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "common/status.h"
#include "worker/import/follow_position.pb.h"
#include "worker/import/kafka_address.h"
#include "worker/import/patience.h"
#include "worker/messages/message_reader.h"

namespace chorus::worker {

class TopicPartitions {
 public:
  // `address` and `reader` outlive this.
  TopicPartitions(const KafkaAddress& address, MessageReader* reader)
      : address_(address),
        reader_(*reader),
        count_(address.wait_seconds),
        range_(address.wait_seconds),
        gone_(address.wait_seconds) {}

  // Asks the brokers now and then; partitions that were not known come into *after, all at once.
  // True: there are such. Errors: kNotFound, there is no such topic; kFailedPrecondition, it does
  // not have the partitions that were read; kDeadlineExceeded, the topic is gone; those of Bear.
  Result<bool> Look(const FollowedSource& position, FollowedSource* after);
  // Judges the status of a question whose clock is *question: for address.wait_seconds a question
  // that no broker answered is only warned of. Errors: those that are not kUnavailable;
  // kDeadlineExceeded.
  Status Bear(const Status& status, Patience* question) const;
  // Whether a question of Look has had no answer.
  bool silent() const { return count_.begun() || range_.begun() || gone_.begun(); }
  bool Wants(uint32_t partition) const;

 private:
  using Clock = std::chrono::steady_clock;
  Status IsMissing(const FollowedSource& position, const Status& status);
  Status Check(const FollowedSource& position, uint32_t count) const;
  Result<bool> AddNew(const FollowedSource& position, uint32_t count, FollowedSource* after);

  const KafkaAddress& address_;
  MessageReader& reader_;
  Clock::time_point next_look_ = {};
  Patience count_;                         // how many partitions are there?
  Patience range_;                         // which offsets has the next new one?
  Patience gone_;                          // a topic of which something was read may come back
  std::map<uint32_t, OffsetRange> found_;  // of new partitions, until all are known
};

}  // namespace chorus::worker
