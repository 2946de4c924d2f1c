#pragma once
// Which partitions a followed topic has, and where those begin that are new; and for how long its
// brokers have not answered. Thread safety: none.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/status.h"
#include "worker/import/follow_position.pb.h"
#include "worker/import/kafka_address.h"
#include "worker/messages/message_reader.h"

namespace chorus::worker {

class TopicPartitions {
 public:
  // `address` and `reader` outlive this.
  TopicPartitions(const KafkaAddress& address, MessageReader* reader)
      : address_(address), reader_(*reader) {}

  // Asks now and then; those that were not known come into *after, all at once.  True: there are
  // such.  Errors: kNotFound, there is no such topic; kFailedPrecondition, it has not the
  // partitions that were read; those of Bear.
  Result<bool> Look(const FollowedSource& position, FollowedSource* after);
  // Of a question that no broker answered nothing is said for address.wait_seconds.  Errors: those
  // that are not kUnavailable; kDeadlineExceeded.
  Status Bear(const Status& status);
  // Whether the last question had no answer.
  bool silent() const { return silent_since_.has_value(); }
  bool Wants(uint32_t partition) const;
  // So long one question waits: signals are heard in time.
  static constexpr double kAnswerSeconds = 0.5;

 private:
  using Clock = std::chrono::steady_clock;
  Status IsMissing(const FollowedSource& position, const Status& status) const;
  Status Check(const FollowedSource& position, uint32_t count) const;
  Result<bool> AddNew(const FollowedSource& position, uint32_t count, FollowedSource* after);

  const KafkaAddress& address_;
  MessageReader& reader_;
  Clock::time_point next_look_ = {};
  std::optional<Clock::time_point> silent_since_;
};

}  // namespace chorus::worker
