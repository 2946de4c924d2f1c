// Ranks as threads of one process. A send leaves a note (pointer and size) in the box of its pair
// of ranks, and the receiver copies straight from the sender's memory while it waits.
#include <algorithm>
#include <cstring>
#include <utility>

#include "common/check.h"
#include "common/mutex.h"
#include "worker/collective/exchange.h"

namespace chorus::worker {
namespace {

struct Message {
  const void* data;
  size_t bytes;
};
struct PostedReceive {
  void* data;
  size_t bytes;
};

// A queue that keeps its memory when it runs empty.
template <typename T>
class Queue {
 public:
  bool empty() const { return head_ == items_.size(); }
  void Push(T item) { items_.push_back(item); }
  T Pop() {
    T item = items_[head_++];
    if (empty()) Clear();
    return item;
  }
  void Clear() {
    items_.clear();
    head_ = 0;
  }

 private:
  std::vector<T> items_;
  size_t head_ = 0;
};

struct Group {
  explicit Group(uint32_t n) : size(n), boxes(n * n), in_flight(n * n), wake(n) {}
  const uint32_t size;
  Mutex mutex;
  std::vector<Queue<Message>> boxes GUARDED_BY(mutex);  // [from * size + to]
  std::vector<uint32_t> in_flight GUARDED_BY(mutex);    // [from * size + to], messages being copied
  bool aborted GUARDED_BY(mutex) = false;
  std::string reason GUARDED_BY(mutex);
  std::vector<ConditionVariable> wake;  // [rank]
};

class LocalExchange : public Exchange {
 public:
  LocalExchange(std::shared_ptr<Group> group, uint32_t rank)
      : group_(std::move(group)), rank_(rank), receives_(group_->size), missing_(group_->size) {}
  ~LocalExchange() override { Withdraw(); }

  uint32_t rank() const override { return rank_; }
  uint32_t size() const override { return group_->size; }

  Status Send(uint32_t to, const void* data, size_t bytes) override {
    CHECK(to != rank_ && to < size(), "to=", to);
    MutexLock lock(group_->mutex);
    group_->boxes[rank_ * size() + to].Push({data, bytes});
    group_->wake[to].notify_one();
    return Status::Ok();
  }

  Status Receive(uint32_t from, void* data, size_t bytes) override {
    CHECK(from != rank_ && from < size(), "from=", from);
    receives_[from].Push({data, bytes});
    return Status::Ok();
  }

  Status WaitReceives(Deadline deadline) override { return Wait(deadline, false); }
  Status WaitAll(Deadline deadline) override { return Wait(deadline, true); }

  // Takes back what nobody has fetched, and waits for the copies under way, which a peer makes
  // without the lock: then the memory is the caller's again. That wait has no deadline, and needs
  // none: a copy ends.
  void Withdraw() override {
    MutexLock lock(group_->mutex);
    for (uint32_t peer = 0; peer < size(); ++peer) {
      receives_[peer].Clear();
      group_->boxes[rank_ * size() + peer].Clear();
    }
    while (BeingCopied()) group_->wake[rank_].wait(group_->mutex);
  }

  void Abort(const std::string& why) override {
    MutexLock lock(group_->mutex);
    if (group_->aborted) return;
    group_->aborted = true;
    group_->reason = why;
    for (ConditionVariable& wake : group_->wake) wake.notify_all();
  }

 private:
  Status Wait(Deadline deadline, bool sends_too) {
    const Status status = WaitUntilDone(deadline, sends_too);
    if (!status.ok()) Withdraw();
    return status;
  }

  Status WaitUntilDone(Deadline deadline, bool sends_too) {
    MutexLock lock(group_->mutex);
    bool in_time = true;
    while (true) {
      if (group_->aborted) return Aborted(group_->reason);
      while (CopyOne()) {
      }
      // The last look comes after the deadline: what has arrived in time counts, even if this
      // thread was not run.
      if (!FindMissing(sends_too)) return Status::Ok();
      if (!in_time) return MissingRanks(rank_, missing_);
      in_time =
          group_->wake[rank_].wait_until(group_->mutex, deadline) == std::cv_status::no_timeout;
    }
  }

  // Copies one message that has arrived for a posted receive. Copying takes long, and is done
  // without the lock; in_flight keeps the sender from freeing the memory meanwhile.
  bool CopyOne() REQUIRES_LOCK(group_->mutex) {
    for (uint32_t from = 0; from < size(); ++from) {
      const uint32_t pair = from * size() + rank_;
      if (receives_[from].empty() || group_->boxes[pair].empty()) continue;
      const PostedReceive receive = receives_[from].Pop();
      const Message message = group_->boxes[pair].Pop();
      CHECK(receive.bytes == message.bytes, "rank ", from, " sends ", message.bytes,
            " bytes, rank ", rank_, " expects ", receive.bytes);
      ++group_->in_flight[pair];
      group_->mutex.unlock();
      if (receive.bytes > 0) std::memcpy(receive.data, message.data, receive.bytes);
      group_->mutex.lock();
      --group_->in_flight[pair];
      group_->wake[from].notify_one();
      return true;
    }
    return false;
  }

  // Marks the ranks that something still waits for; false if there is none.
  bool FindMissing(bool sends_too) REQUIRES_LOCK(group_->mutex) {
    bool any = false;
    for (uint32_t peer = 0; peer < size(); ++peer) {
      const uint32_t pair = rank_ * size() + peer;
      const bool unsent = !group_->boxes[pair].empty() || group_->in_flight[pair] > 0;
      missing_[peer] = !receives_[peer].empty() || (sends_too && unsent);
      any |= missing_[peer] != 0;
    }
    return any;
  }

  bool BeingCopied() const REQUIRES_LOCK(group_->mutex) {
    const uint32_t* first = group_->in_flight.data() + rank_ * size();
    return std::any_of(first, first + size(), [](uint32_t n) { return n > 0; });
  }

  const std::shared_ptr<Group> group_;
  const uint32_t rank_;
  std::vector<Queue<PostedReceive>> receives_;  // [from], posted receives
  std::vector<char> missing_;                   // [ranks]
};

}  // namespace

std::vector<std::unique_ptr<Exchange>> NewLocalExchanges(uint32_t size) {
  auto group = std::make_shared<Group>(size);
  std::vector<std::unique_ptr<Exchange>> exchanges;
  for (uint32_t rank = 0; rank < size; ++rank) {
    exchanges.push_back(std::make_unique<LocalExchange>(group, rank));
  }
  return exchanges;
}

}  // namespace chorus::worker
