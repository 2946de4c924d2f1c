#include "worker/import/follow_messages.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "common/log.h"
#include "common/strings.h"
#include "worker/import/followed_partition.h"
#include "worker/import/message_text.h"
#include "worker/import/patience.h"
#include "worker/import/topic_partitions.h"

namespace chorus::worker {
namespace {

constexpr std::chrono::seconds kMostTaking{1};               // then signals are looked for
constexpr uint64_t kMostMessageBytes = uint64_t{256} << 20;  // of a portion: it is in memory

class MessagePortions final : public PortionSource {
 public:
  MessagePortions(std::unique_ptr<MessageReader> reader, const KafkaAddress& address,
                  const ImportSchema& schema, double seal_seconds)
      : address_(address),
        most_rows_(schema.file_rows()),
        seal_seconds_(seal_seconds),
        reader_(std::move(reader)),
        topic_(address_, reader_.get()),
        range_(address.wait_seconds),
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

  // A partition that is read.
  struct Reading {
    PartitionProgress progress;
    Clock::duration gave;      // a message, or its end, last: as answering_ was then
    std::string trouble = {};  // why it gives nothing, as the reader said last
  };

  Result<Portion> Take(const FollowedSource& position, Ask ask) {
    Portion portion;
    portion.after = position;
    CountAnswering();
    // Where a partition begins is written before anything of it is read.
    ASSIGN_OR_RETURN(portion.moved, topic_.Look(position, &portion.after));
    if (portion.moved) return portion;
    RETURN_IF_ERROR(Begin(position));
    RETURN_IF_ERROR(GoOnAfterLoss());
    ASSIGN_OR_RETURN(const bool took_all, TakeWhatCame(ask));
    if (took_all) RETURN_IF_ERROR(CheckComes());
    // Wait takes messages, too. What the brokers have is on its way, though it is not there yet.
    portion.grew = taken_ > taken_at_last_poll_ || !took_all || topic_.silent() || !AtEnds();
    taken_at_last_poll_ = taken_;
    const bool has_waited = waits_since_ && Clock::now() - *waits_since_ >= seal_seconds_;
    if (waits_since_ && (has_waited || IsFull() || ask != Ask::kFullPortions)) Seal(&portion);
    return portion;
  }

  Status Begin(const FollowedSource& position) {
    for (const FollowedPartition& known : position.partitions()) {
      if (!topic_.Wants(known.number()) || partitions_.contains(known.number())) continue;
      const Reading& partition =
          partitions_.emplace(known.number(), Reading{PartitionProgress(known), answering_})
              .first->second;
      RETURN_IF_ERROR(reader_->Read(known.number(), partition.progress.begin()));
    }
    return Status::Ok();
  }

  // Nobody can expect messages while the brokers do not answer.
  void CountAnswering() {
    const Clock::time_point now = Clock::now();
    if (!topic_.silent()) answering_ += now - last_count_;
    last_count_ = now;
  }

  // True: nothing is left. Messages without a text fill no portion, and are many where a topic is
  // compacted: signals are heard, and positions written, between them.
  Result<bool> TakeWhatCame(Ask ask) {
    const Clock::time_point begin = Clock::now();
    for (uint64_t events = 0; events < most_rows_; ++events) {
      if (ask == Ask::kLastPortion || IsFull() || Clock::now() - begin >= kMostTaking) return false;
      ASSIGN_OR_RETURN(const bool took, TakeNext(0));
      if (!took) return true;
    }
    return false;
  }

  // False: nothing came in time.
  Result<bool> TakeNext(double seconds) {
    ASSIGN_OR_RETURN(const MessageEvent event, reader_->Next(seconds));
    if (event.kind == MessageEvent::Kind::kNothing) return false;
    const auto found = partitions_.find(event.message.partition);
    if (found == partitions_.end()) return true;
    Reading& partition = found->second;
    if (event.kind == MessageEvent::Kind::kTrouble) {
      TellTrouble(event.message, &partition);
      return true;
    }
    partition.gave = answering_;
    partition.trouble.clear();
    if (event.kind == MessageEvent::Kind::kEnd) partition.progress.ReachEnd();
    if (event.kind == MessageEvent::Kind::kOutOfRange) out_of_range_.insert(found->first);
    if (event.kind != MessageEvent::Kind::kMessage) return true;
    ASSIGN_OR_RETURN(const bool is_new, partition.progress.Take(event.message));
    if (!is_new) return true;
    ++taken_;
    if (!text_.Add(event.message)) ++blank_;
    if (!waits_since_) waits_since_ = Clock::now();
    return true;
  }

  void TellTrouble(const Message& message, Reading* partition) const {
    if (partition->trouble == message.bytes) return;
    partition->trouble = message.bytes;
    LogWarning("topic ", address_.topic, ", partition ", message.partition, ": ", message.bytes);
  }

  // Partitions that do not have the offset that comes next.
  Status GoOnAfterLoss() {
    while (!out_of_range_.empty() && range_.MayAsk()) {
      PartitionProgress& partition = partitions_.at(*out_of_range_.begin()).progress;
      const uint32_t number = partition.position().number();
      const auto range = reader_->RangeOf(number, range_.answer_seconds());
      RETURN_IF_ERROR(topic_.Bear(range.status(), &range_));
      if (!range.ok()) return Status::Ok();
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

  // A partition that is not read to its end gives something, or the wait for it ends, however
  // lively the others are. Those that have lost messages have a wait of their own.
  // REQUIRES: all that came is taken.
  Status CheckComes() const {
    const std::chrono::duration<double> most(address_.wait_seconds);
    for (const auto& [number, partition] : partitions_) {
      if (partition.progress.at_end() || out_of_range_.contains(number)) continue;
      if (answering_ - partition.gave < most) continue;
      return DeadlineExceeded(StrCat(
          "partition ", number, ", offset ", partition.progress.position().next_offset(), ": for ",
          most.count(), " s nothing has come, and the partition is not at its ",
          "end: ", partition.trouble.empty() ? "has it a leader?" : StrCat(partition.trouble, "."),
          " ?wait_seconds= waits longer. The same command goes on"));
    }
    return Status::Ok();
  }

  bool IsFull() const { return text_.rows() >= most_rows_ || text_.bytes() >= kMostMessageBytes; }
  bool AtEnds() const {
    return std::all_of(partitions_.begin(), partitions_.end(),
                       [](const auto& partition) { return partition.second.progress.at_end(); });
  }

  void Seal(Portion* portion) {
    portion->grew = true;
    portion->moved = text_.rows() == 0;  // no message had a text
    if (text_.rows() > 0) portion->inputs.push_back(text_.Take());
    for (FollowedPartition& partition : *portion->after.mutable_partitions()) {
      const auto found = partitions_.find(partition.number());
      if (found != partitions_.end()) partition = found->second.progress.position();
    }
    waits_since_.reset();
  }

  const KafkaAddress address_;
  const uint64_t most_rows_;
  const std::chrono::duration<double> seal_seconds_;
  const std::unique_ptr<MessageReader> reader_;
  TopicPartitions topic_;
  Patience range_;                          // what does a partition have that has lost messages?
  std::map<uint32_t, Reading> partitions_;  // that are read
  std::set<uint32_t> out_of_range_;
  MessageText text_;                              // of the messages that nobody was given yet
  std::optional<Clock::time_point> waits_since_;  // the first of them
  Clock::duration answering_ = {};                // how long brokers have answered in all
  Clock::time_point last_count_ = Clock::now();   // of answering_
  uint64_t taken_ = 0;                            // messages of this call
  uint64_t taken_at_last_poll_ = 0;
  uint64_t blank_ = 0;
};

}  // namespace

std::unique_ptr<PortionSource> FollowMessages(std::unique_ptr<MessageReader> reader,
                                              const KafkaAddress& address,
                                              const ImportSchema& schema, double seal_seconds) {
  return std::make_unique<MessagePortions>(std::move(reader), address, schema, seal_seconds);
}

}  // namespace chorus::worker
