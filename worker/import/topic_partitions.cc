#include "worker/import/topic_partitions.h"

#include <algorithm>

#include "common/log.h"
#include "common/strings.h"

namespace chorus::worker {
namespace {

constexpr std::chrono::milliseconds kLookAgain{10000};
constexpr std::chrono::milliseconds kAskAgain{200};  // what nobody answered

bool IsKnown(const FollowedSource& position, uint32_t partition) {
  return std::any_of(position.partitions().begin(), position.partitions().end(),
                     [&](const FollowedPartition& known) { return known.number() == partition; });
}

}  // namespace

bool TopicPartitions::Wants(uint32_t partition) const {
  const std::vector<uint32_t>& named = address_.partitions;
  return named.empty() || std::binary_search(named.begin(), named.end(), partition);
}

Status TopicPartitions::Bear(const Status& status) {
  if (status.code() != Code::kUnavailable) return status;
  const Clock::time_point now = Clock::now();
  next_look_ = now + kAskAgain;
  if (!silent_since_) {
    silent_since_ = now;
    LogWarning("topic ", address_.topic, ": no answer yet: ", status.message());
  }
  if (std::chrono::duration<double>(now - *silent_since_).count() < address_.wait_seconds) {
    return Status::Ok();
  }
  return DeadlineExceeded(
      StrCat("for ", address_.wait_seconds, " s no broker",
             address_.brokers.empty() ? "" : StrCat(" of ", address_.brokers),
             " has answered: ", status.message(),
             ". Is that their address, and do they name themselves by addresses that this host "
             "reaches (advertised.listeners)? --kafka-config sets SASL and TLS; ?wait_seconds= "
             "waits longer. The same command goes on"));
}

Result<bool> TopicPartitions::Look(const FollowedSource& position, FollowedSource* after) {
  if (Clock::now() < next_look_) return false;
  const Result<uint32_t> count = reader_.CountPartitions(kAnswerSeconds);
  const bool is_missing = count.status().code() == Code::kNotFound;
  RETURN_IF_ERROR(Bear(is_missing ? IsMissing(position, count.status()) : count.status()));
  if (!count.ok()) return false;
  RETURN_IF_ERROR(Check(position, *count));
  return AddNew(position, *count, after);
}

// A topic of which something was read may come back.
Status TopicPartitions::IsMissing(const FollowedSource& position, const Status& status) const {
  if (!position.partitions().empty()) {
    return Unavailable(StrCat("the topic is gone: ", status.message()));
  }
  return NotFound(StrCat("the brokers ", address_.brokers, address_.brokers.empty() ? "" : " ",
                         "have no topic ", address_.topic, " (", status.message(), ")"));
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
    const Result<OffsetRange> range = reader_.RangeOf(partition, kAnswerSeconds);
    RETURN_IF_ERROR(Bear(range.status()));
    if (!range.ok()) return false;
    FollowedPartition* const added = found.add_partitions();
    added->set_number(partition);
    added->set_next_offset(address_.latest && !came_later ? range->end : range->first);
  }
  silent_since_.reset();
  next_look_ = Clock::now() + kLookAgain;
  for (const FollowedPartition& added : found.partitions()) {
    LogInfo("topic ", address_.topic, ", partition ", added.number(),
            came_later ? " was added:" : ":", " read from offset ", added.next_offset(), " on");
    *after->add_partitions() = added;
  }
  return !found.partitions().empty();
}

}  // namespace chorus::worker
