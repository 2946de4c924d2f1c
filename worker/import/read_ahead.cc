#include "worker/import/read_ahead.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <exception>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "common/mutex.h"
#include "common/shortage.h"
#include "common/strings.h"
#include "common/thread.h"

namespace chorus::worker {
namespace {

constexpr size_t kAheadBytes = size_t{256} << 10;  // of a block
constexpr size_t kBlocksAhead = 4;
constexpr std::chrono::seconds kUnpackDeadline(600);  // for one block, which takes milliseconds

class AheadSource final : public ByteSource {
 public:
  explicit AheadSource(std::unique_ptr<ByteSource> source) : source_(std::move(source)) {}

  Status Start() {
    ASSIGN_OR_RETURN(thread_, StartThread("unpack", "a thread that unpacks", [this] { Work(); }));
    return Status::Ok();
  }

  ~AheadSource() override {
    {
      MutexLock lock(mutex_);
      closed_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  Result<size_t> Read(std::span<char> out) override {
    if (used_ == current_.size()) {
      RETURN_IF_ERROR(TakeBlock());
      if (current_.empty()) return size_t{0};
    }
    const size_t bytes = std::min(out.size(), current_.size() - used_);
    std::copy_n(current_.data() + used_, bytes, out.data());
    used_ += bytes;
    return bytes;
  }

 private:
  // Empty at the end. Error: that of the source, behind all blocks before it.
  Status TakeBlock() {
    current_.clear();
    used_ = 0;
    const auto deadline = std::chrono::steady_clock::now() + kUnpackDeadline;
    MutexLock lock(mutex_);
    while (blocks_.empty() && !ended_) {
      if (changed_.wait_until(mutex_, deadline) == std::cv_status::timeout) {
        return DeadlineExceeded(
            StrCat("unpacking a piece of the input took over ", kUnpackDeadline.count(), " s"));
      }
    }
    if (blocks_.empty()) return status_;
    current_ = std::move(blocks_.front());
    blocks_.pop_front();
    changed_.notify_all();
    return Status::Ok();
  }

  // The thread.
  void Work() {
    bool goes_on = true;
    while (goes_on) {
      try {
        std::vector<char> block;
        const Result<bool> filled = Fill(&block);
        const bool is_last = !filled.ok() || !*filled;
        goes_on = Put(std::move(block), filled.status(), is_last) && !is_last;
      } catch (const std::exception& error) {
        goes_on = false;
        End(StatusOfException(error).Annotate("unpacking"));
      }
    }
  }

  void End(Status status) {
    MutexLock lock(mutex_);
    status_ = std::move(status);
    ended_ = true;
    changed_.notify_all();
  }

  // False: the source is at its end.
  Result<bool> Fill(std::vector<char>* block) {
    block->resize(kAheadBytes);
    size_t bytes = 0;
    Result<size_t> got = size_t{1};
    while (bytes < block->size() && got.ok() && *got > 0) {
      got = source_->Read(std::span<char>(*block).subspan(bytes));
      if (got.ok()) bytes += *got;
    }
    block->resize(bytes);
    RETURN_IF_ERROR(got.status());
    return *got > 0;
  }

  // False: nobody reads any more.
  bool Put(std::vector<char> block, const Status& status, bool is_last) {
    MutexLock lock(mutex_);
    // Ends by the reader or the destructor; rows may be parsed as slowly as a disk writes them.
    while (blocks_.size() >= kBlocksAhead && !closed_) {
      changed_.wait_for(mutex_, std::chrono::seconds(1));
    }
    if (!block.empty()) blocks_.push_back(std::move(block));
    if (!status.ok()) status_ = status;
    ended_ = is_last;
    changed_.notify_all();
    return !closed_;
  }

  const std::unique_ptr<ByteSource> source_;  // of the thread
  std::vector<char> current_;                 // of the reader: the block that it reads
  size_t used_ = 0;                           // of current_
  Mutex mutex_;
  ConditionVariable changed_;
  std::deque<std::vector<char>> blocks_ GUARDED_BY(mutex_);
  bool ended_ GUARDED_BY(mutex_) = false;  // no block comes behind them
  bool closed_ GUARDED_BY(mutex_) = false;
  Status status_ GUARDED_BY(mutex_);  // why it ended
  std::thread thread_;                // last: it uses all of the above
};

}  // namespace

Result<std::unique_ptr<ByteSource>> ReadAhead(std::unique_ptr<ByteSource> source) {
  auto ahead = std::make_unique<AheadSource>(std::move(source));
  RETURN_IF_ERROR(ahead->Start());
  return std::unique_ptr<ByteSource>(std::move(ahead));
}

}  // namespace chorus::worker
