#pragma once
// Streams and events of the emulation. A stream does its work at once, or (emulation.h,
// SetAsynchronous) in order on a thread of its own, so that only events, and waits of the host,
// order it with others. Thread safety: any thread.

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

struct CUevent_st {
  std::mutex mutex;
  std::condition_variable reached;
  uint64_t recorded = 0;  // times
  uint64_t done = 0;      // the last recording that its stream has come to
  std::chrono::steady_clock::time_point reached_at;  // of the last one
  bool timed = false;

  uint64_t Record();
  void Reach(uint64_t recording);
  void WaitFor(uint64_t recording);
  uint64_t last();
  // Milliseconds from `earlier` to this one. False: one of them is not timed, or not reached.
  // REQUIRES: two events.
  bool TimeSince(CUevent_st* earlier, float* milliseconds);
  bool IsReached();  // the last recording
};

struct CUstream_st {
 public:
  explicit CUstream_st(bool asynchronous);
  ~CUstream_st();
  void Enqueue(std::function<void()> work);
  void Synchronize();

 private:
  void Work();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> queue_;  // guarded by mutex_, as are the next two
  bool busy_ = false;
  bool stop_ = false;
  std::thread thread_;  // last: it uses all of the above
};
