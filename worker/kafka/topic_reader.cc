#include "worker/kafka/topic_reader.h"

namespace chorus::worker {
namespace {

// Whether waiting does not help.
bool IsFinal(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION:
    case RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE:
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:  // receive.message.max.bytes is too small
    case RD_KAFKA_RESP_ERR__BAD_MSG:
    case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
    case RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED:
    case RD_KAFKA_RESP_ERR__FATAL:
      return true;
    default:
      return false;
  }
}

int AnswerOf(rd_kafka_resp_err_t error) {
  return IsFinal(error) ? CHORUS_KAFKA_REFUSED : CHORUS_KAFKA_UNREACHABLE;
}

}  // namespace

TopicReader::~TopicReader() {
  if (message_ != nullptr) rd_kafka_message_destroy(message_);
  for (const int32_t partition : read_) rd_kafka_consume_stop(topic_, partition);
  if (queue_ != nullptr) rd_kafka_queue_destroy(queue_);
  if (topic_ != nullptr) rd_kafka_topic_destroy(topic_);
  if (client_ != nullptr) rd_kafka_destroy(client_);
}

int TopicReader::Open(rd_kafka_t* client, const char* topic) {
  client_ = client;
  topic_ = rd_kafka_topic_new(client, topic, nullptr);
  if (topic_ == nullptr) return Fail(CHORUS_KAFKA_REFUSED, topic, rd_kafka_last_error());
  queue_ = rd_kafka_queue_new(client);
  return CHORUS_KAFKA_OK;
}

int TopicReader::Refuse(const char* reason) {
  last_error_ = reason;
  return CHORUS_KAFKA_REFUSED;
}

int TopicReader::Fail(int answer, const char* what, rd_kafka_resp_err_t error) {
  last_error_ = what;
  if (!last_error_.empty()) last_error_ += ": ";
  last_error_ += rd_kafka_err2str(error);
  if (answer == CHORUS_KAFKA_UNREACHABLE && !reason_.empty()) last_error_ += " (" + reason_ + ")";
  return answer;
}

int TopicReader::CountPartitions(int32_t wait_ms, int32_t* count) {
  rd_kafka_poll(client_, 0);  // errors that came
  const rd_kafka_metadata_t* metadata = nullptr;
  const rd_kafka_resp_err_t error = rd_kafka_metadata(client_, 0, topic_, &metadata, wait_ms);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    rd_kafka_poll(client_, 0);
    return Fail(AnswerOf(error), "asking for the partitions", error);
  }
  const rd_kafka_resp_err_t of_topic =
      metadata->topic_cnt == 1 ? metadata->topics[0].err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
  *count = metadata->topic_cnt == 1 ? metadata->topics[0].partition_cnt : 0;
  const int32_t leaderless = metadata->topic_cnt == 1 ? FindLeaderless(metadata->topics[0]) : -1;
  rd_kafka_metadata_destroy(metadata);
  if (of_topic == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
      (of_topic == RD_KAFKA_RESP_ERR_NO_ERROR && *count == 0)) {
    return Fail(CHORUS_KAFKA_NO_TOPIC, "", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
  }
  if (of_topic != RD_KAFKA_RESP_ERR_NO_ERROR) return Fail(AnswerOf(of_topic), "", of_topic);
  if (leaderless >= 0) {
    const std::string what = "partition " + std::to_string(leaderless);
    return Fail(CHORUS_KAFKA_UNREACHABLE, what.c_str(), RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE);
  }
  reason_.clear();
  return CHORUS_KAFKA_OK;
}

// A partition that is read to its end says nothing when its leader goes.
int32_t TopicReader::FindLeaderless(const rd_kafka_metadata_topic& topic) const {
  for (int i = 0; i < topic.partition_cnt; ++i) {
    const rd_kafka_metadata_partition& partition = topic.partitions[i];
    const bool has_leader =
        partition.err != RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE && partition.leader >= 0;
    if (!has_leader && read_.contains(partition.id)) return partition.id;
  }
  return -1;
}

int TopicReader::GetRange(int32_t partition, int32_t wait_ms, int64_t* first, int64_t* end) {
  const rd_kafka_resp_err_t error = rd_kafka_query_watermark_offsets(
      client_, rd_kafka_topic_name(topic_), partition, first, end, wait_ms);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return CHORUS_KAFKA_OK;
  rd_kafka_poll(client_, 0);
  return Fail(AnswerOf(error), "asking for offsets", error);
}

int TopicReader::Read(int32_t partition, int64_t offset) {
  if (!read_.insert(partition).second) rd_kafka_consume_stop(topic_, partition);
  if (rd_kafka_consume_start_queue(topic_, partition, offset, queue_) == 0) return CHORUS_KAFKA_OK;
  const rd_kafka_resp_err_t error = rd_kafka_last_error();
  read_.erase(partition);
  return Fail(CHORUS_KAFKA_REFUSED, "reading a partition", error);
}

int TopicReader::Next(int32_t wait_ms, ChorusKafkaEvent* event) {
  if (message_ != nullptr) rd_kafka_message_destroy(message_);
  message_ = rd_kafka_consume_queue(queue_, wait_ms);
  event->kind = CHORUS_KAFKA_NOTHING;
  if (message_ != nullptr) return TakeEvent(*message_, event);
  rd_kafka_poll(client_, 0);
  return CHORUS_KAFKA_OK;
}

int TopicReader::TakeEvent(const rd_kafka_message_t& message, ChorusKafkaEvent* event) {
  event->partition = message.partition;
  event->offset = message.offset;
  switch (message.err) {
    case RD_KAFKA_RESP_ERR_NO_ERROR: {
      rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
      event->kind = CHORUS_KAFKA_MESSAGE;
      event->timestamp = rd_kafka_message_timestamp(&message, &type);
      event->bytes = static_cast<const char*>(message.payload);
      event->size = message.len;
      return CHORUS_KAFKA_OK;
    }
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
      event->kind = CHORUS_KAFKA_END;
      return CHORUS_KAFKA_OK;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
      event->kind = CHORUS_KAFKA_OUT_OF_RANGE;
      return CHORUS_KAFKA_OK;
    default:
      break;
  }
  const std::string place = "partition " + std::to_string(message.partition) + ", offset " +
                            std::to_string(message.offset);
  const char* const detail = rd_kafka_message_errstr(&message);
  const std::string what = place + (detail == nullptr ? "" : std::string(": ") + detail);
  if (IsFinal(message.err)) return Fail(CHORUS_KAFKA_REFUSED, what.c_str(), message.err);
  trouble_ = detail == nullptr ? rd_kafka_err2str(message.err) : detail;
  event->kind = CHORUS_KAFKA_TROUBLE;
  event->bytes = trouble_.data();
  event->size = trouble_.size();
  return CHORUS_KAFKA_OK;
}

}  // namespace chorus::worker
