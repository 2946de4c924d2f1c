#pragma once
// A topic as librdkafka's simple consumer reads it: partitions and offsets are the caller's, and
// there is no consumer group. Functions return a ChorusKafkaAnswer. Thread safety: none.

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <set>
#include <string>

#include "worker/messages/kafka_interface.h"

namespace chorus::worker {

class TopicReader {
 public:
  TopicReader() = default;
  TopicReader(const TopicReader&) = delete;
  TopicReader& operator=(const TopicReader&) = delete;
  ~TopicReader();

  // Takes over `client`, whose opaque pointer is to the owner of this object.
  int Open(rd_kafka_t* client, const char* topic);
  // They do what the functions of ChorusKafkaTopic do.
  int CountPartitions(int32_t wait_ms, int32_t* count);
  int GetRange(int32_t partition, int32_t wait_ms, int64_t* first, int64_t* end);
  int Read(int32_t partition, int64_t offset);
  int Next(int32_t wait_ms, ChorusKafkaEvent* event);
  const std::string& last_error() const { return last_error_; }

  // librdkafka calls it, on the caller's thread, with what is wrong with a broker or the way to it.
  void SetReason(const char* reason) { reason_ = reason; }
  // The answer of a function that fails for a reason of which librdkafka knows nothing.
  int Refuse(const char* reason);

 private:
  int Fail(int answer, const char* what, rd_kafka_resp_err_t error);
  // A partition without a leader, among those that are read; -1: there is none.
  int32_t FindLeaderless(const rd_kafka_metadata_topic& topic) const;
  int TakeEvent(const rd_kafka_message_t& message, ChorusKafkaEvent* event);

  rd_kafka_t* client_ = nullptr;
  rd_kafka_topic_t* topic_ = nullptr;
  rd_kafka_queue_t* queue_ = nullptr;      // of all partitions
  rd_kafka_message_t* message_ = nullptr;  // the one that Next gave last
  std::set<int32_t> read_;                 // partitions
  std::string reason_;                     // why brokers do not answer
  std::string trouble_;                    // why a partition gives nothing, of the last event
  std::string last_error_;
};

}  // namespace chorus::worker
