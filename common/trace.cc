#include "common/trace.h"

#include <utility>

namespace chorus {

namespace internal {
std::atomic<uint64_t> recorded_trace{0};
}  // namespace internal

namespace {

// Where new threads find the log. It is never destroyed, since threads may begin while static
// objects are destroyed.
struct OpenLog {
  Mutex mutex;  // before TraceLog::mutex_
  std::weak_ptr<TraceLog> log GUARDED_BY(mutex);
  uint64_t number GUARDED_BY(mutex) = 0;  // of the newest log
};
OpenLog& Newest() {
  static OpenLog* const newest = new OpenLog();
  return *newest;
}

std::atomic<uint64_t> spans_without_track{0};

std::shared_ptr<TraceTrack>& OwnTrack() {
  thread_local std::shared_ptr<TraceTrack> track;
  return track;
}

}  // namespace

TraceTrack::TraceTrack(std::string thread, uint64_t log)
    : thread_(std::move(thread)),
      log_(log),
      events_(std::make_unique_for_overwrite<TraceEvent[]>(kSpans)) {}

// Release: who reads the size sees the events below it.
void TraceTrack::Add(const TraceEvent& event) {
  const uint32_t size = size_.load(std::memory_order_relaxed);
  if (size == kSpans) {
    dropped_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  events_[size] = event;
  size_.store(size + 1, std::memory_order_release);
}

std::span<const TraceEvent> TraceTrack::events() const {
  return {events_.get(), size_.load(std::memory_order_acquire)};
}

std::shared_ptr<TraceLog> TraceLog::Open(const std::string& thread) {
  const MutexLock lock(Newest().mutex);
  auto log = std::make_shared<TraceLog>(++Newest().number);
  Newest().log = log;
  internal::recorded_trace = 0;
  log->AddOwnTrack(thread);
  return log;
}

// No thread can find this log any more: its weak pointer has expired.
TraceLog::~TraceLog() { Record(false); }

void TraceLog::AddOwnTrack(const std::string& thread) {
  auto track = std::make_shared<TraceTrack>(thread, number_);
  OwnTrack() = track;
  const MutexLock lock(mutex_);
  tracks_.push_back(std::move(track));
}

void TraceLog::Drop(const TraceTrack& track) {
  const MutexLock lock(mutex_);
  std::erase_if(tracks_, [&](const auto& one) { return one.get() == &track; });
}

// A newer log keeps an older one from recording, and an older one does not end the newer one's.
void TraceLog::Record(bool on) {
  const uint64_t own = number_;
  uint64_t expected = on ? 0 : own;
  internal::recorded_trace.compare_exchange_strong(expected, on ? own : 0);
}

void TraceLog::Hold() {
  const MutexLock newest_lock(Newest().mutex);
  const MutexLock lock(mutex_);
  if (holders_++ == 0 && Newest().number == number_) Record(true);
}

void TraceLog::Release() {
  const MutexLock lock(mutex_);
  if (--holders_ == 0) Record(false);
}

std::vector<std::shared_ptr<const TraceTrack>> TraceLog::tracks() const {
  const MutexLock lock(mutex_);
  return {tracks_.begin(), tracks_.end()};
}

TraceThread::TraceThread(const std::string& name) {
  const MutexLock lock(Newest().mutex);
  const std::shared_ptr<TraceLog> log = Newest().log.lock();
  if (log != nullptr) log->AddOwnTrack(name);
}

// A job begins threads for each checkpoint and evaluation: the log would grow by a track for each of them.
TraceThread::~TraceThread() {
  const std::shared_ptr<TraceTrack> own = std::exchange(OwnTrack(), nullptr);
  if (own == nullptr || !own->events().empty() || own->dropped() > 0) return;
  const MutexLock lock(Newest().mutex);
  const std::shared_ptr<TraceLog> log = Newest().log.lock();
  if (log != nullptr && own->log() == Newest().number) log->Drop(*own);
}

void AddTraceSpan(const TraceEvent& event) {
  TraceTrack* const track = OwnTrack().get();
  const uint64_t recorded = internal::recorded_trace.load(std::memory_order_relaxed);
  // A span may end when nothing is recorded any more: its own log is then the newest still.
  if (track != nullptr && (recorded == 0 || track->log() == recorded)) return track->Add(event);
  spans_without_track.fetch_add(1, std::memory_order_relaxed);
}

uint64_t TraceSpansWithoutTrack() { return spans_without_track.load(std::memory_order_relaxed); }

}  // namespace chorus
