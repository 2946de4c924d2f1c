#include "tests/support/cuda_host/stream.h"

#include <utility>

using chorus::cuda_host::WorkTime;

namespace {

thread_local CUstream_st* captured_by_this_thread = nullptr;

}  // namespace

uint64_t CUevent_st::Record(CUstream_st* stream) {
  const std::lock_guard lock(mutex);
  recorder = stream;
  return ++recorded;
}

void CUevent_st::Reach(uint64_t recording) {
  const std::lock_guard lock(mutex);
  done = recording;
  reached_at = std::chrono::steady_clock::now();
  reached.notify_all();
}

void CUevent_st::WaitFor(uint64_t recording) {
  const auto is_done = [&] {
    const std::lock_guard lock(mutex);
    return done >= recording;
  };
  // A late stream works only when somebody waits for it.
  if (!is_done()) recorder->DoUntil(is_done);
  std::unique_lock lock(mutex);
  reached.wait(lock, [&] { return done >= recording; });
}

uint64_t CUevent_st::last() {
  const std::lock_guard lock(mutex);
  return recorded;
}

bool CUevent_st::TimeSince(CUevent_st* earlier, float* milliseconds) {
  const std::scoped_lock lock(mutex, earlier->mutex);
  for (const CUevent_st* event : {this, earlier}) {
    if (!event->timed || event->done == 0 || event->done < event->recorded) return false;
  }
  const auto time = reached_at - earlier->reached_at;
  *milliseconds = std::chrono::duration<float, std::milli>(time).count();
  return true;
}

bool CUevent_st::IsReached() {
  const std::lock_guard lock(mutex);
  return done >= recorded;
}

void CUevent_st::Hurry() {
  bool done_one = false;
  recorder->DoUntil([&] { return std::exchange(done_one, true); });
}

CUstream_st::CUstream_st(WorkTime time) : late_(time == WorkTime::kLate) {
  if (time == WorkTime::kThread) thread_ = std::thread([this] { Work(); });
}

CUstream_st::~CUstream_st() {
  if (captured_by_this_thread == this) captured_by_this_thread = nullptr;
  Synchronize();
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

void CUstream_st::Work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return stop_ || !queue_.empty(); });
    if (queue_.empty()) return;
    std::function<void()> work = std::move(queue_.front());
    queue_.pop_front();
    busy_ = true;
    lock.unlock();
    work();
    work = nullptr;  // what it holds is gone before the stream counts as idle
    lock.lock();
    busy_ = false;
    changed_.notify_all();
  }
}

CUstream_st* CUstream_st::CapturedByThisThread() { return captured_by_this_thread; }

void CUstream_st::BeginCapture() {
  capture_ = std::make_unique<CUgraph_st>();
  spoiled_ = false;
  captured_by_this_thread = this;
}

std::unique_ptr<CUgraph_st> CUstream_st::EndCapture() {
  captured_by_this_thread = nullptr;
  std::unique_ptr<CUgraph_st> captured = std::move(capture_);
  return spoiled_ ? nullptr : std::move(captured);
}

void CUstream_st::Enqueue(std::function<void()> work, const chorus::cuda_host::WorkCount& count) {
  if (capture_ != nullptr) return capture_->nodes.push_back({std::move(work), count});
  chorus::cuda_host::CountWork(count);
  if (!thread_.joinable() && !late_) return work();
  std::unique_lock lock(mutex_);
  if (!late_) changed_.wait(lock, [&] { return queue_.size() < kLongestQueue; });
  queue_.push_back(std::move(work));
  changed_.notify_all();
}

bool CUstream_st::IsIdle() {
  const std::lock_guard lock(mutex_);
  return queue_.empty() && !busy_;
}

void CUstream_st::DoUntil(const std::function<bool()>& done) {
  if (!late_) return;
  while (!queue_.empty() && !done()) {
    const std::function<void()> work = std::move(queue_.front());
    queue_.pop_front();
    work();
  }
}

void CUstream_st::Synchronize() {
  DoUntil([] { return false; });
  if (!thread_.joinable()) return;
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return queue_.empty() && !busy_; });
}
