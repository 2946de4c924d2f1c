#pragma once
// Streams and events of the emulation. A stream does its work at once, in order on a thread of its
// own, or when somebody waits for it (emulation.h, StreamOrder), so that only events, and waits of
// the host, order it with others. Thread safety: any thread; late streams: one thread.

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "tests/support/cuda_host/call_log.h"
#include "tests/support/cuda_host/graph.h"

struct CUstream_st;

struct CUevent_st {
  // Its owners are the program, until it destroys the event, and what streams still do with it.
  std::shared_ptr<CUevent_st> self;
  std::mutex mutex;
  std::condition_variable reached;
  uint64_t recorded = 0;            // times
  CUstream_st* recorder = nullptr;  // the last stream
  uint64_t done = 0;                // the last recording that its stream has come to
  std::chrono::steady_clock::time_point reached_at;  // of the last one
  bool timed = false;
  bool captured = false;  // the last recording was by a stream that was being captured

  uint64_t Record(CUstream_st* stream);
  void Reach(uint64_t recording);
  void WaitFor(uint64_t recording);
  uint64_t last();
  // Milliseconds from `earlier` to this one. False: one of them is not timed, or not reached.
  // REQUIRES: two events.
  bool TimeSince(CUevent_st* earlier, float* milliseconds);
  bool IsReached();  // the last recording
  void Hurry();      // a late stream does one more item of its work
};

struct CUstream_st {
 public:
  explicit CUstream_st(chorus::cuda_host::WorkTime time);
  ~CUstream_st();
  // While the stream is captured, the work becomes a node, and is counted when it is done. Waits
  // while the queue of a thread is full.
  void Enqueue(std::function<void()> work, const chorus::cuda_host::WorkCount& count = {});
  void Synchronize();
  bool IsIdle();
  // Does the work of a late stream in order until `done` is true or none is left; does nothing for
  // others.
  void DoUntil(const std::function<bool()>& done);

  // Capture, by one thread.
  static CUstream_st* CapturedByThisThread();  // null: none
  bool capturing() const { return capture_ != nullptr; }
  void BeginCapture();
  void SpoilCapture() { spoiled_ = true; }
  std::unique_ptr<CUgraph_st> EndCapture();  // null: it was spoiled

 private:
  static constexpr size_t kLongestQueue = 1024;

  void Work();

  const bool late_;
  std::unique_ptr<CUgraph_st> capture_;
  bool spoiled_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> queue_;  // guarded by mutex_, as are the next two
  bool busy_ = false;
  bool stop_ = false;
  std::thread thread_;  // last: it uses all of the above
};
