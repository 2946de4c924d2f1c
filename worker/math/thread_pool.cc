#include "worker/math/thread_pool.h"

#include <omp.h>

#include <atomic>
#include <exception>
#include <thread>
#include <vector>

#include "common/check.h"
#include "common/cores.h"
#include "common/mutex.h"
#include "common/shortage.h"
#include "common/strings.h"
#include "common/thread.h"
#include "worker/math/floating_point_mode.h"

namespace chorus::worker {
namespace {

// Cores that this process is bound to, not those that the machine has, if the kernel says.
uint32_t UsableCores() {
  const size_t allowed = AllowedCores().size();
  return allowed > 0 ? static_cast<uint32_t>(allowed) : MachineCores();
}

void PrepareComputeThread() {
  SetFloatingPointMode();
  omp_set_num_threads(1);  // of this thread: oneDNN then never starts a team inside a call
}

Status RunGuarded(const ThreadPool::Work& work, uint32_t index, uint32_t thread) {
  try {
    return work(index, thread);
  } catch (const std::exception& error) {
    return StatusOfException(error).Annotate(StrCat("compute thread ", thread));
  } catch (...) {
    return Internal(StrCat("compute thread ", thread, ": an unknown exception"));
  }
}

// A call of ParallelFor is a round. Its caller publishes the work under the mutex, takes indices
// like every helper, and waits until all helpers have left the round: `work` and `next_` may then
// be used for the next one.
class FixedThreadPool final : public ThreadPool {
 public:
  // `threads` with the caller's; once.
  Status Start(uint32_t threads) {
    for (uint32_t thread = 1; thread < threads; ++thread) {
      ASSIGN_OR_RETURN(std::thread started,
                       StartThread(StrCat("compute ", thread),
                                   StrCat("compute.threads: thread ", thread + 1, " of ", threads),
                                   [this, thread] { Serve(thread); }));
      threads_.push_back(std::move(started));
    }
    return Status::Ok();
  }

  ~FixedThreadPool() override {
    {
      MutexLock lock(mutex_);
      stopping_ = true;
    }
    work_ready_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  uint32_t threads() const override { return static_cast<uint32_t>(threads_.size()) + 1; }

  Status ParallelFor(uint32_t n, const Work& work) override {
    PrepareComputeThread();
    // Relaxed: no helper takes an index before it has locked the mutex below.
    next_.store(0, std::memory_order_relaxed);
    {
      MutexLock lock(mutex_);
      CHECK(busy_ == 0, "one ParallelFor at a time");
      work_ = &work;
      count_ = n;
      first_failed_ = n;
      failure_ = Status::Ok();
      busy_ = static_cast<uint32_t>(threads_.size());
      ++round_;
    }
    work_ready_.notify_all();
    TakeIndices(work, n, 0);
    MutexLock lock(mutex_);
    while (busy_ > 0) work_done_.wait(mutex_);
    return failure_;
  }

 private:
  void Serve(uint32_t thread) {
    PrepareComputeThread();
    uint64_t seen_round = 0;
    while (true) {
      const Work* work;
      uint32_t n;
      {
        MutexLock lock(mutex_);
        while (!stopping_ && round_ == seen_round) work_ready_.wait(mutex_);
        if (stopping_) return;
        seen_round = round_;
        work = work_;
        n = count_;
      }
      TakeIndices(*work, n, thread);
      MutexLock lock(mutex_);
      if (--busy_ == 0) work_done_.notify_one();
    }
  }

  // Relaxed: the counter only has to give each index to one thread. What the calls of work write is
  // published by the mutex, when a helper leaves the round.
  void TakeIndices(const Work& work, uint32_t n, uint32_t thread) {
    for (uint32_t index; (index = next_.fetch_add(1, std::memory_order_relaxed)) < n;) {
      Status status = RunGuarded(work, index, thread);
      if (!status.ok()) KeepLowestFailure(index, std::move(status));
    }
  }

  void KeepLowestFailure(uint32_t index, Status status) {
    MutexLock lock(mutex_);
    if (index >= first_failed_) return;
    first_failed_ = index;
    failure_ = std::move(status);
  }

  Mutex mutex_;
  ConditionVariable work_ready_;
  ConditionVariable work_done_;
  const Work* work_ GUARDED_BY(mutex_) = nullptr;
  uint32_t count_ GUARDED_BY(mutex_) = 0;
  uint32_t busy_ GUARDED_BY(mutex_) = 0;  // helpers that have not left this round
  // Tells a helper a new round from the one that it has just left.
  uint64_t round_ GUARDED_BY(mutex_) = 0;
  uint32_t first_failed_ GUARDED_BY(mutex_) = 0;  // the lowest failed index; count_: none
  Status failure_ GUARDED_BY(mutex_);             // of that index
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::atomic<uint32_t> next_{0};
  std::vector<std::thread> threads_;
};

}  // namespace

Result<std::unique_ptr<ThreadPool>> ThreadPool::Create(uint32_t threads) {
  auto pool = std::make_unique<FixedThreadPool>();
  RETURN_IF_ERROR(pool->Start(threads == 0 ? UsableCores() : threads));
  return std::unique_ptr<ThreadPool>(std::move(pool));
}

}  // namespace chorus::worker
