#pragma once
// What the threads of this process do, span by span, for a timeline of some steps (report.trace).
// Code that may be traced makes a TraceSpan where it begins something; the span ends with its
// scope. While nothing is recorded, a span costs one load and one branch that is predicted. While
// something is recorded, a span is written to a buffer that its thread got when the thread began:
// nothing is allocated, nothing is locked, and spans that do not fit are counted.
//
// A process has at most one log at a time. Threads that StartThread (thread.h) begins while it is
// open have a track in it, and so has the thread that opened it. The log shares the ownership of
// its tracks with their threads: it may be read when threads have ended, and threads may go on when
// it is gone. A thread that ends without a span leaves no track.
// Thread safety: any thread.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "common/mutex.h"

namespace chorus {

// Nanoseconds of the machine's steady clock, which all processes of a machine share.
inline int64_t TraceClockNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// It has no initialisers, so that a track's memory is not touched before spans are written to it.
struct TraceEvent {
  const char* name;  // a literal: "read"
  const char* of;    // what `number` counts, a literal: "step"; null: no number
  uint64_t number;
  int64_t begin_ns;  // of TraceClockNs
  int64_t duration_ns;
};

// The spans of one thread, in the order in which they ended. Thread safety: one thread adds, any
// thread reads.
class TraceTrack {
 public:
  static constexpr uint32_t kSpans = 1 << 14;  // 640 KB, of which the system gives what is used

  TraceTrack(std::string thread, uint64_t log);
  void Add(const TraceEvent& event);

  const std::string& thread() const { return thread_; }  // its name
  uint64_t log() const { return log_; }                  // number of the log, from 1
  std::span<const TraceEvent> events() const;
  uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }  // did not fit

 private:
  const std::string thread_;
  const uint64_t log_;
  const std::unique_ptr<TraceEvent[]> events_;  // [kSpans]
  std::atomic<uint32_t> size_{0};               // events below it are complete
  std::atomic<uint64_t> dropped_{0};
};

class TraceLog {
 public:
  // Opens the log of this process. thread: the name of the calling thread in it. An earlier log
  // that is still open gets no more tracks and no more spans.
  static std::shared_ptr<TraceLog> Open(const std::string& thread);
  explicit TraceLog(uint64_t number) : number_(number) {}
  ~TraceLog();  // ends what is still recorded

  // Spans that begin between the first Hold and the last Release are recorded.
  void Hold();
  void Release();

  std::vector<std::shared_ptr<const TraceTrack>> tracks() const;

 private:
  friend class TraceThread;
  void AddOwnTrack(const std::string& thread);  // of the calling thread
  void Drop(const TraceTrack& track);
  void Record(bool on);

  const uint64_t number_;
  mutable Mutex mutex_;  // a leaf
  uint32_t holders_ GUARDED_BY(mutex_) = 0;
  std::vector<std::shared_ptr<TraceTrack>> tracks_ GUARDED_BY(mutex_);
};

// How many spans were lost since the process began because their threads have no track: those
// threads began before the log.
uint64_t TraceSpansWithoutTrack();

// Lives on the stack of a new thread: gives it a track for as long as this lives, if a log is open.
// Destroy it on that thread.
class TraceThread {
 public:
  explicit TraceThread(const std::string& name);
  ~TraceThread();
  TraceThread(const TraceThread&) = delete;
  TraceThread& operator=(const TraceThread&) = delete;
};

namespace internal {
// The number of the log that is recorded to; 0 = none.
extern std::atomic<uint64_t> recorded_trace;
}  // namespace internal

inline bool TraceRecords() { return internal::recorded_trace.load(std::memory_order_relaxed) != 0; }

// Adds the span to the calling thread's track.
void AddTraceSpan(const TraceEvent& event);

// A span from here to the end of the scope. name, of: literals.
class TraceSpan {
 public:
  explicit TraceSpan(const char* name, const char* of = nullptr, uint64_t number = 0)
      : name_(name), of_(of), number_(number) {
    if (TraceRecords()) [[unlikely]] {
      begin_ns_ = TraceClockNs();
    }
  }
  ~TraceSpan() {
    if (begin_ns_ != 0) [[unlikely]] {
      AddTraceSpan({name_, of_, number_, begin_ns_, TraceClockNs() - begin_ns_});
    }
  }
  TraceSpan(const TraceSpan&) = delete;
  TraceSpan& operator=(const TraceSpan&) = delete;

 private:
  const char* const name_;
  const char* const of_;
  const uint64_t number_;
  int64_t begin_ns_ = 0;
};

// The steps of one part of a job (a worker's trainer, a server) that are recorded.
// Thread safety: none.
class TraceWindow {
 public:
  TraceWindow() = default;  // no step at all
  TraceWindow(std::shared_ptr<TraceLog> log, uint64_t first, uint64_t last)
      : log_(std::move(log)), first_(first), last_(last) {}
  ~TraceWindow() { End(); }
  TraceWindow(TraceWindow&& other) = default;
  TraceWindow& operator=(TraceWindow&& other) = default;

  // Called when a step begins, in order of steps: records from the first one on, until a step
  // behind the last.
  void Begin(uint64_t step) {
    if (log_ == nullptr) return;
    if (step < first_ || step > last_) return End();
    if (!recording_) log_->Hold();
    recording_ = true;
    ++steps_;
  }
  void End() {
    if (recording_ && log_ != nullptr) log_->Release();
    recording_ = false;
  }
  uint64_t steps() const { return steps_; }  // steps that have begun in it

 private:
  std::shared_ptr<TraceLog> log_;
  uint64_t first_ = 0;
  uint64_t last_ = 0;
  uint64_t steps_ = 0;
  bool recording_ = false;
};

}  // namespace chorus
