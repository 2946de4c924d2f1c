#include "worker/import/topic_partitions.h"

#include <algorithm>

#include "common/log.h"
#include "common/strings.h"

namespace chorus::worker {
namespace {

constexpr double kLookAgainSeconds = 10;

bool IsKnown(const FollowedSource& position, uint32_t partition) {
  return std::any_of(position.partitions().begin(), position.partitions().end(),
                     [&](const FollowedPartition& known) { return known.number() == partition; });
}

}  // namespace

bool TopicPartitions::Wants(uint32_t partition) const {
  const std::vector<uint32_t>& named = address_.partitions;
  return named.empty() || std::binary_search(named.begin(), named.end(), partition);
}

Status TopicPartitions::Bear(const Status& status, Patience* question) const {
  if (status.ok()) {
    question->End();
    return status;
  }
  if (status.code() != Code::kUnavailable) return status;
  if (question->Bear()) {
    LogWarning("topic ", address_.topic, ": no answer yet: ", status.message());
  }
  if (!question->IsOver()) return Status::Ok();
  return DeadlineExceeded(
      StrCat("for ", address_.wait_seconds, " s no broker",
             address_.brokers.empty() ? "" : StrCat(" of ", address_.brokers),
             " has answered: ", status.message(),
             ". Is that their address, and do they name themselves by addresses that this host "
             "reaches (advertised.listeners)? --kafka-config sets SASL and TLS; ?wait_seconds= "
             "waits longer. The same command goes on"));
}

Result<bool> TopicPartitions::Look(const FollowedSource& position, FollowedSource* after) {
  if (Clock::now() < next_look_ || !count_.MayAsk() || !range_.MayAsk() || !gone_.MayAsk()) {
    return false;
  }
  const Result<uint32_t> count = reader_.CountPartitions(count_.answer_seconds());
  if (count.status().code() == Code::kNotFound) {
    count_.End();
    RETURN_IF_ERROR(IsMissing(position, count.status()));
    return false;
  }
  RETURN_IF_ERROR(Bear(count.status(), &count_));
  if (!count.ok()) return false;
  gone_.End();
  RETURN_IF_ERROR(Check(position, *count));
  return AddNew(position, *count, after);
}

// A topic of which something was read may come back.
Status TopicPartitions::IsMissing(const FollowedSource& position, const Status& status) {
  if (position.partitions().empty()) {
    return NotFound(StrCat("the brokers ", address_.brokers, address_.brokers.empty() ? "" : " ",
                           "have no topic ", address_.topic, " (", status.message(), ")"));
  }
  if (gone_.Bear()) {
    LogWarning("topic ", address_.topic, " is gone, and may come back: ", status.message());
  }
  if (!gone_.IsOver()) return Status::Ok();
  return DeadlineExceeded(StrCat("for ", address_.wait_seconds,
                                 " s the brokers have had no such topic, though it was read "
                                 "before (",
                                 status.message(),
                                 "): was it deleted, or are these "
                                 "other brokers? Where it comes back, the same command goes on; "
                                 "?wait_seconds= waits longer"));
}

Status TopicPartitions::Check(const FollowedSource& position, uint32_t count) const {
  for (const FollowedPartition& partition : position.partitions()) {
    if (partition.number() < count) continue;
    return FailedPrecondition(
        StrCat("partition ", partition.number(), " was read up to offset ", partition.next_offset(),
               ", and the topic has ", count,
               " partitions: it was made anew, or these are other brokers. What it has now is "
               "another input: import it into a new folder, and give a training both logs"));
  }
  if (address_.partitions.empty() || address_.partitions.back() < count) return Status::Ok();
  return InvalidArgument(StrCat("partitions= names ", address_.partitions.back(),
                                ", and the topic has ", count, ", numbered from 0"));
}

Result<bool> TopicPartitions::AddNew(const FollowedSource& position, uint32_t count,
                                     FollowedSource* after) {
  // Whoever adds partitions to a topic that is followed wants all of their messages.
  const bool came_later = address_.partitions.empty() && !position.partitions().empty();
  FollowedSource found;
  for (uint32_t partition = 0; partition < count; ++partition) {
    if (!Wants(partition) || IsKnown(position, partition)) continue;
    if (!found_.contains(partition)) {
      const Result<OffsetRange> range = reader_.RangeOf(partition, range_.answer_seconds());
      RETURN_IF_ERROR(Bear(range.status(), &range_));
      if (!range.ok()) return false;
      found_[partition] = *range;
    }
    const OffsetRange& range = found_[partition];
    FollowedPartition* const added = found.add_partitions();
    added->set_number(partition);
    added->set_next_offset(address_.latest && !came_later ? range.end : range.first);
  }
  found_.clear();
  // Twice at least in the time after which silence is an error.
  const std::chrono::duration<double> again(std::min(kLookAgainSeconds, address_.wait_seconds / 2));
  next_look_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(again);
  for (const FollowedPartition& added : found.partitions()) {
    LogInfo("topic ", address_.topic, ", partition ", added.number(),
            came_later ? " was added:" : ":", " read from offset ", added.next_offset(), " on");
    *after->add_partitions() = added;
  }
  return !found.partitions().empty();
}

}  // namespace chorus::worker
