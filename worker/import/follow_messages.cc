#include "worker/import/follow_messages.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "common/log.h"
#include "common/strings.h"
#include "worker/import/file_format.h"
#include "worker/import/followed_partition.h"
#include "worker/import/message_text.h"
#include "worker/import/topic_partitions.h"

namespace chorus::worker {
namespace {

constexpr uint64_t kMostMessageBytes = uint64_t{256} << 20;  // of a portion: it is in memory

bool IsDelimited(const ImportSchema& schema) {
  return schema.format() == ImportSchema::DELIMITED ||
         schema.format() == ImportSchema::FORMAT_UNSPECIFIED;
}

class MessagePortions final : public PortionSource {
 public:
  MessagePortions(std::unique_ptr<MessageReader> reader, const KafkaAddress& address,
                  const ImportSchema& schema, double seal_seconds)
      : address_(address),
        most_rows_(schema.file_rows()),
        seal_seconds_(seal_seconds),
        reader_(std::move(reader)),
        topic_(address_, reader_.get()),
        text_(address.topic, Join(address.columns, schema.delimiter()),
              schema.format() == ImportSchema::TFRECORD) {}

  Result<Portion> Poll(const FollowedSource& position, Ask ask) override {
    Result<Portion> portion = Take(position, ask);
    if (!portion.ok()) return Named(portion.status());
    return portion;
  }
  Status Wait(double seconds) override {
    const Status taken = TakeNext(seconds).status();
    return taken.ok() ? taken : Named(taken);
  }
  void TellRest() const override {
    if (blank_ == 0) return;
    LogInfo("topic ", address_.topic, ": ", blank_, " messages without text made no row");
  }

 private:
  using Clock = std::chrono::steady_clock;

  Status Named(const Status& status) const {
    return status.Annotate(StrCat("topic ", address_.topic));
  }

  Result<Portion> Take(const FollowedSource& position, Ask ask) {
    Portion portion;
    portion.after = position;
    // Where a partition begins is written before anything of it is read.
    ASSIGN_OR_RETURN(portion.moved, topic_.Look(position, &portion.after));
    if (portion.moved) return portion;
    RETURN_IF_ERROR(Begin(position));
    RETURN_IF_ERROR(GoOnAfterLoss());
    const uint64_t taken_before = taken_;
    while (ask != Ask::kLastPortion && !IsFull()) {
      ASSIGN_OR_RETURN(const bool took, TakeNext(0));
      if (!took) break;
    }
    RETURN_IF_ERROR(CheckComes(taken_ > taken_before));
    // What the brokers have is on its way, though it is not there yet.
    portion.grew = taken_ > taken_before || topic_.silent() || !AtEnds();
    const bool has_waited = waits_since_ && Clock::now() - *waits_since_ >= seal_seconds_;
    if (waits_since_ && (has_waited || IsFull() || ask != Ask::kFullPortions)) Seal(&portion);
    return portion;
  }

  Status Begin(const FollowedSource& position) {
    for (const FollowedPartition& known : position.partitions()) {
      if (!topic_.Wants(known.number()) || partitions_.contains(known.number())) continue;
      const PartitionProgress& partition =
          partitions_.emplace(known.number(), PartitionProgress(known)).first->second;
      RETURN_IF_ERROR(reader_->Read(known.number(), partition.begin()));
    }
    return Status::Ok();
  }

  // False: nothing came in time.
  Result<bool> TakeNext(double seconds) {
    ASSIGN_OR_RETURN(const MessageEvent event, reader_->Next(seconds));
    if (event.kind == MessageEvent::Kind::kNothing) return false;
    const auto found = partitions_.find(event.message.partition);
    if (found == partitions_.end()) return true;
    PartitionProgress& partition = found->second;
    if (event.kind == MessageEvent::Kind::kEnd) partition.ReachEnd();
    if (event.kind == MessageEvent::Kind::kOutOfRange) out_of_range_.insert(found->first);
    if (event.kind != MessageEvent::Kind::kMessage) return true;
    ASSIGN_OR_RETURN(const bool is_new, partition.Take(event.message));
    if (!is_new) return true;
    ++taken_;
    if (!text_.Add(event.message)) ++blank_;
    if (!waits_since_) waits_since_ = Clock::now();
    return true;
  }

  // Partitions that have not the offset that comes next.
  Status GoOnAfterLoss() {
    while (!out_of_range_.empty()) {
      PartitionProgress& partition = partitions_.at(*out_of_range_.begin());
      const uint32_t number = partition.position().number();
      const auto range = reader_->RangeOf(number, TopicPartitions::kAnswerSeconds);
      if (!range.ok()) return topic_.Bear(range.status());
      const uint64_t next = partition.position().next_offset();
      ASSIGN_OR_RETURN(const uint64_t lost, partition.Lose(*range));
      const std::string what =
          StrCat("partition ", number, ", offset ", next, " comes next, and the partition has ",
                 range->first, " to ", range->end, ": ", lost,
                 " offsets were deleted before they were read (retention of the topic)");
      if (lost > 0 && !address_.skips_lost) {
        return FailedPrecondition(
            StrCat(what, ". Go on without them by ?on_lost=skip, or import into a new folder"));
      }
      if (lost > 0) LogWarning("topic ", address_.topic, ", ", what, "; they are passed over");
      partition.GoOnAt(next + lost);
      RETURN_IF_ERROR(reader_->Read(number, next + lost));
      out_of_range_.erase(number);
    }
    return Status::Ok();
  }

  // A partition that is not read to its end gives something, or the wait for it ends.
  Status CheckComes(bool came) {
    const auto late = std::find_if(partitions_.begin(), partitions_.end(),
                                   [](const auto& entry) { return !entry.second.at_end(); });
    if (came || late == partitions_.end() || topic_.silent()) {
      nothing_since_.reset();
      return Status::Ok();
    }
    if (!nothing_since_) nothing_since_ = Clock::now();
    const std::chrono::duration<double> most(address_.wait_seconds);
    if (Clock::now() - *nothing_since_ < most) return Status::Ok();
    return DeadlineExceeded(StrCat("partition ", late->first, ", offset ",
                                   late->second.position().next_offset(), ": for ", most.count(),
                                   " s nothing has come, and the partition is not at its end: has "
                                   "it a leader? ?wait_seconds= waits longer. The same command "
                                   "goes on"));
  }

  bool IsFull() const { return text_.rows() >= most_rows_ || text_.bytes() >= kMostMessageBytes; }
  bool AtEnds() const {
    return std::all_of(partitions_.begin(), partitions_.end(),
                       [](const auto& partition) { return partition.second.at_end(); });
  }

  void Seal(Portion* portion) {
    portion->grew = true;
    portion->moved = text_.rows() == 0;  // no message had a text
    if (text_.rows() > 0) portion->inputs.push_back(text_.Take());
    for (FollowedPartition& partition : *portion->after.mutable_partitions()) {
      const auto found = partitions_.find(partition.number());
      if (found != partitions_.end()) partition = found->second.position();
    }
    waits_since_.reset();
    nothing_since_.reset();
  }

  const KafkaAddress address_;
  const uint64_t most_rows_;
  const std::chrono::duration<double> seal_seconds_;
  const std::unique_ptr<MessageReader> reader_;
  TopicPartitions topic_;
  std::map<uint32_t, PartitionProgress> partitions_;  // that are read
  std::set<uint32_t> out_of_range_;
  MessageText text_;                                // of the messages that nobody was given yet
  std::optional<Clock::time_point> waits_since_;    // the first of them
  std::optional<Clock::time_point> nothing_since_;  // though partitions are not at their ends
  uint64_t taken_ = 0;                              // messages of this call
  uint64_t blank_ = 0;
};

}  // namespace

Status CheckMessageSchema(const ImportSchema& schema, const std::string& schema_name,
                          const KafkaAddress& address) {
  const auto format = schema.format();
  if (format == ImportSchema::PARQUET || format == ImportSchema::ORC) {
    return InvalidArgument(StrCat(schema_name, ": format ", ImportSchema::Format_Name(format),
                                  " has whole files, and a message is a row: text, or TFRECORD for "
                                  "messages that are a tf.Example each"));
  }
  if (!IsDelimited(schema) && !address.columns.empty()) {
    return InvalidArgument(StrCat("columns= names those of delimited text, and the format of ",
                                  schema_name, " is ", ImportSchema::Format_Name(format)));
  }
  if (IsDelimited(schema) && schema.header() == address.columns.empty()) {
    return InvalidArgument(
        schema.header()
            ? StrCat("topic ", address.topic, ": messages have no header line: name the columns ",
                     "in the input (?columns=user,item,click), or set header: false in ",
                     schema_name, ", where they are 0, 1, ...")
            : StrCat("topic ", address.topic, ": the input names columns, and ", schema_name,
                     " says header: false, where they are 0, 1, ...: leave one of both out"));
  }
  return Status::Ok();
}

std::unique_ptr<PortionSource> FollowMessages(std::unique_ptr<MessageReader> reader,
                                              const KafkaAddress& address,
                                              const ImportSchema& schema, double seal_seconds) {
  return std::make_unique<MessagePortions>(std::move(reader), address, schema, seal_seconds);
}

}  // namespace chorus::worker
