#include "worker/import/ordered_tasks.h"

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

constexpr size_t kWaitingTasks = 4;  // for each thread
// A disk that takes longer for one block is taken for dead.
constexpr std::chrono::seconds kTaskDeadline(600);

class ThreadedTasks final : public OrderedTasks {
 public:
  ThreadedTasks(uint32_t threads, const Names& names)
      : names_(names), most_waiting_(kWaitingTasks * threads) {
    for (uint32_t i = 0; i < threads; ++i) {
      Result<std::thread> thread = StartThread(names.name, names.thread, [this] { Work(); });
      if (!thread.ok()) {
        MutexLock lock(mutex_);
        status_ = thread.status();
        return;
      }
      threads_.push_back(std::move(*thread));
    }
  }

  ~ThreadedTasks() override {
    {
      MutexLock lock(mutex_);
      queue_.clear();
      closed_ = true;
    }
    changed_.notify_all();
    Join();
  }

  Status Add(Task task) override {
    const auto deadline = std::chrono::steady_clock::now() + kTaskDeadline;
    MutexLock lock(mutex_);
    while (status_.ok() && queue_.size() >= most_waiting_) {
      if (changed_.wait_until(mutex_, deadline) == std::cv_status::timeout) {
        return DeadlineExceeded(StrCat(names_.what, " took over ", kTaskDeadline.count(), " s"));
      }
    }
    RETURN_IF_ERROR(status_);
    queue_.push_back({added_++, std::move(task)});
    changed_.notify_all();
    return Status::Ok();
  }

  Status Finish() override {
    {
      MutexLock lock(mutex_);
      closed_ = true;
    }
    changed_.notify_all();
    Join();
    MutexLock lock(mutex_);
    return status_;
  }

 private:
  struct Turn {
    uint64_t number = 0;  // its place in the order of Add
    Task task;
  };

  // A thread: takes tasks until the queue is closed and empty, or one fails.
  void Work() {
    Turn turn;
    while (Take(&turn)) {
      Status status;
      try {
        status = Run(turn);
      } catch (const std::exception& error) {
        status = StatusOfException(error).Annotate(names_.what);
      }
      turn.task = nullptr;  // its memory is not needed while the next one is waited for
      MutexLock lock(mutex_);
      done_ = turn.number + 1;
      if (!status.ok()) {
        if (status_.ok()) status_ = std::move(status);
        queue_.clear();
        closed_ = true;
      }
      changed_.notify_all();
    }
  }

  Status Run(const Turn& turn) {
    Result<Step> step = StepOf(turn);
    RETURN_IF_ERROR(WaitForTurn(turn.number));
    RETURN_IF_ERROR(step.status());
    return (*step)();
  }

  // An exception is an error that waits for its turn as others do.
  Result<Step> StepOf(const Turn& turn) const {
    try {
      return turn.task();
    } catch (const std::exception& error) {
      return StatusOfException(error).Annotate(names_.what);
    }
  }

  // Error: that of a task before this one, which is not needed then.
  Status WaitForTurn(uint64_t number) {
    MutexLock lock(mutex_);
    // Ends when the thread that has the turn before is done.
    while (status_.ok() && done_ != number) changed_.wait_for(mutex_, std::chrono::seconds(1));
    return status_;
  }

  bool Take(Turn* turn) {
    MutexLock lock(mutex_);
    // Ends by Finish or the destructor; tasks may come as slowly as a pipe delivers rows.
    while (queue_.empty() && !closed_) changed_.wait_for(mutex_, std::chrono::seconds(1));
    if (queue_.empty()) return false;
    *turn = std::move(queue_.front());
    queue_.pop_front();
    changed_.notify_all();
    return true;
  }

  void Join() {
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }

  const Names names_;
  const size_t most_waiting_;
  Mutex mutex_;
  ConditionVariable changed_;
  std::deque<Turn> queue_ GUARDED_BY(mutex_);
  bool closed_ GUARDED_BY(mutex_) = false;
  uint64_t added_ GUARDED_BY(mutex_) = 0;
  uint64_t done_ GUARDED_BY(mutex_) = 0;  // the next turn
  Status status_ GUARDED_BY(mutex_);      // of the tasks
  std::vector<std::thread> threads_;      // last: they use all of the above
};

}  // namespace

std::unique_ptr<OrderedTasks> OrderedTasks::Create(uint32_t threads, const Names& names) {
  return std::make_unique<ThreadedTasks>(threads, names);
}

}  // namespace chorus::worker
