#include "worker/import/chunk_reader.h"

#include <chrono>
#include <deque>
#include <exception>
#include <thread>
#include <utility>
#include <vector>

#include "common/mutex.h"
#include "common/shortage.h"
#include "common/strings.h"
#include "common/thread.h"

namespace chorus::worker {
namespace {

constexpr std::chrono::seconds kParseDeadline(600);  // for one chunk, which takes milliseconds

class ThreadedChunkReader final : public ChunkReader {
 public:
  ThreadedChunkReader(RowTable& table, const ColumnPlan& plan, uint32_t threads)
      : table_(table), plan_(plan), chunks_(threads == 1 ? 1 : 2 * threads + 1) {
    for (uint32_t i = 0; i < threads; ++i) parsers_.push_back(table.NewParser(plan));
  }

  Status StartThreads() {
    if (parsers_.size() == 1) return Status::Ok();  // the caller's does all
    for (size_t i = 0; i < parsers_.size(); ++i) {
      ASSIGN_OR_RETURN(std::thread thread,
                       StartThread(StrCat("import ", i), "a thread of an import (--threads)",
                                   [this, i] { Work(parsers_[i].get()); }));
      threads_.push_back(std::move(thread));
    }
    return Status::Ok();
  }

  ~ThreadedChunkReader() override {
    {
      MutexLock lock(mutex_);
      closed_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  Result<ReadChunk*> Next() override {
    // The chunk that was given last may be filled again.
    while (!ended_ && read_ < given_ + chunks_.size()) {
      const Result<bool> got = table_.NextPiece(&ChunkOf(read_).piece);
      if (!got.ok()) table_error_ = got.status();
      ended_ = !got.ok() || !*got;
      if (!ended_) Submit(read_++);
    }
    if (given_ == read_) {
      RETURN_IF_ERROR(table_error_);
      return nullptr;
    }
    ReadChunk& chunk = ChunkOf(given_);
    RETURN_IF_ERROR(WaitFor(given_++));
    MatchTimes(chunk);
    return &chunk;
  }

 private:
  ReadChunk& ChunkOf(uint64_t number) { return chunks_[number % chunks_.size()]; }

  void Submit(uint64_t number) {
    if (threads_.empty()) return;
    MutexLock lock(mutex_);
    waiting_.push_back(number);
    changed_.notify_all();
  }

  Status WaitFor(uint64_t number) {
    if (threads_.empty()) {
      ReadChunk& chunk = ChunkOf(number);
      parsers_[0]->Parse(*chunk.piece, kinds_, &chunk.parsed);
      return Status::Ok();
    }
    const auto deadline = std::chrono::steady_clock::now() + kParseDeadline;
    MutexLock lock(mutex_);
    while (!TakeDone(number)) {
      RETURN_IF_ERROR(status_);
      if (changed_.wait_until(mutex_, deadline) == std::cv_status::timeout) {
        return DeadlineExceeded(
            StrCat("parsing a piece of the input took over ", kParseDeadline.count(), " s"));
      }
    }
    return status_;
  }

  bool TakeDone(uint64_t number) REQUIRES_LOCK(mutex_) {
    for (auto at = done_.begin(); at != done_.end(); ++at) {
      if (*at != number) continue;
      done_.erase(at);
      return true;
    }
    return false;
  }

  // A chunk whose times are of another kind than those of the rows before it is parsed once more:
  // it could not know which of its rows are the bad ones.
  void MatchTimes(ReadChunk& chunk) {
    if (Conflict(kinds_, chunk.parsed.after)) {
      table_.NewParser(plan_)->Parse(*chunk.piece, kinds_, &chunk.parsed);
    }
    const TimeKinds& after = chunk.parsed.after;
    if (after.time.has_value()) kinds_.time = after.time;
    if (after.split_time.has_value()) kinds_.split_time = after.split_time;
  }

  static bool Conflict(const TimeKinds& before, const TimeKinds& after) {
    const auto differ = [](const TimeKind& a, const TimeKind& b) {
      return a.has_value() && b.has_value() && *a != *b;
    };
    return differ(before.time, after.time) || differ(before.split_time, after.split_time);
  }

  void Work(PieceParser* parser) {
    uint64_t number = 0;
    while (Take(&number)) {
      Status status;
      ReadChunk& chunk = ChunkOf(number);
      try {
        parser->Parse(*chunk.piece, {}, &chunk.parsed);
      } catch (const std::exception& error) {
        status = StatusOfException(error).Annotate("parsing rows");
      }
      MutexLock lock(mutex_);
      if (!status.ok() && status_.ok()) status_ = std::move(status);
      done_.push_back(number);
      changed_.notify_all();
    }
  }

  bool Take(uint64_t* number) {
    MutexLock lock(mutex_);
    // Ends by the destructor; pieces may come as slowly as a pipe delivers them.
    while (waiting_.empty() && !closed_) changed_.wait_for(mutex_, std::chrono::seconds(1));
    if (closed_) return false;
    *number = waiting_.front();
    waiting_.pop_front();
    return true;
  }

  RowTable& table_;
  const ColumnPlan& plan_;
  std::deque<ReadChunk> chunks_;                       // a ring; chunk n is at n mod its size
  std::vector<std::unique_ptr<PieceParser>> parsers_;  // one per thread
  TimeKinds kinds_;                                    // of the rows that were given
  uint64_t read_ = 0;                                  // chunks that have their pieces
  uint64_t given_ = 0;                                 // chunks that Next gave
  bool ended_ = false;                                 // the table has no further pieces
  Status table_error_;                                 // what ended it
  Mutex mutex_;
  ConditionVariable changed_;
  std::deque<uint64_t> waiting_ GUARDED_BY(mutex_);  // chunks to be parsed
  std::vector<uint64_t> done_ GUARDED_BY(mutex_);
  bool closed_ GUARDED_BY(mutex_) = false;
  Status status_ GUARDED_BY(mutex_);  // of the threads
  std::vector<std::thread> threads_;  // last: they use all of the above
};

}  // namespace

Result<std::unique_ptr<ChunkReader>> ChunkReader::Create(RowTable& table, const ColumnPlan& plan,
                                                         uint32_t threads) {
  RETURN_IF_ERROR(table.Begin(plan));
  auto reader = std::make_unique<ThreadedChunkReader>(table, plan, threads);
  RETURN_IF_ERROR(reader->StartThreads());
  return std::unique_ptr<ChunkReader>(std::move(reader));
}

}  // namespace chorus::worker
