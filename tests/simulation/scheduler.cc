#include "tests/simulation/scheduler.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "tests/simulation/real_calls.h"

namespace chorus::simulation {

struct SimulatedThread {
  uint32_t id = 0;
  uint32_t rank = kNoRank;
  bool waiting = false;
  const void* place = nullptr;  // what it waits for
  Nanos until = kNever;
  bool woken = false;
  std::atomic<uint32_t> turn{0};  // 1: it runs, or is to run
  pthread_t system_thread{};
  Scheduler* scheduler = nullptr;
  void* (*work)(void*) = nullptr;
  void* argument = nullptr;
};

namespace {

thread_local SimulatedThread* current_thread = nullptr;

void FutexWait(std::atomic<uint32_t>* word) {
  while (word->load(std::memory_order_acquire) == 0) {
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, 0, nullptr, nullptr, 0);
  }
  word->store(0, std::memory_order_relaxed);
}

void FutexWake(std::atomic<uint32_t>* word) {
  word->store(1, std::memory_order_release);
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

}  // namespace

uint64_t Draws::Next() {  // SplitMix64
  uint64_t z = (state_ += 0x9e3779b97f4a7c15ull);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

double Draws::Scaled(double low, double high) {
  return low * std::exp(Uniform() * std::log(high / low));
}

Scheduler::Scheduler(uint64_t seed) : draws_(seed) {
  auto first = std::make_unique<SimulatedThread>();
  first->id = next_id_++;
  first->scheduler = this;
  first->system_thread = pthread_self();
  current_thread = first.get();
  threads_.push_back(std::move(first));
}

Scheduler::~Scheduler() { current_thread = nullptr; }

Scheduler* Scheduler::Current() {
  return current_thread == nullptr ? nullptr : current_thread->scheduler;
}

uint32_t Scheduler::rank() const { return current_thread->rank; }

// A rank may be killed before its first thread has begun.
void Scheduler::SetRank(uint32_t rank) {
  current_thread->rank = rank;
  if (is_dead(rank)) Switch();
}

void Scheduler::Kill(uint32_t rank) {
  dead_.insert(rank);
  if (current_thread->rank == rank) Switch();  // for ever
}

void Scheduler::Stall(uint32_t rank, Nanos until) {
  stalled_.push_back({rank, until});
  if (current_thread->rank == rank) Switch();
}

void Scheduler::Thaw(uint32_t rank) {
  std::erase_if(stalled_, [rank](const Stalled& stalled) { return stalled.rank == rank; });
}

Nanos Scheduler::StalledUntil(uint32_t rank) const {
  Nanos until = 0;
  for (const Stalled& stalled : stalled_) {
    if (stalled.rank == rank) until = std::max(until, stalled.until);
  }
  return until;
}

bool Scheduler::Eligible(const SimulatedThread& thread) const {
  if (dead_.count(thread.rank) > 0) return false;
  if (thread.waiting && thread.until > now_) return false;
  return stalled_.empty() || StalledUntil(thread.rank) <= now_;
}

// To the next moment at which a thread can run; false if there is none.
bool Scheduler::AdvanceClock() {
  Nanos next = kNever;
  for (const auto& thread : threads_) {
    if (dead_.count(thread->rank) > 0) continue;
    const Nanos ready = thread->waiting ? thread->until : now_;
    if (ready == kNever) continue;
    next = std::min(next, std::max(ready, StalledUntil(thread->rank)));
  }
  if (next == kNever) return false;
  now_ = std::max(now_, next);
  std::erase_if(stalled_, [this](const Stalled& stalled) { return stalled.until <= now_; });
  return true;
}

SimulatedThread* Scheduler::Choose() {
  while (true) {
    candidates_.clear();
    for (const auto& thread : threads_) {
      if (Eligible(*thread)) candidates_.push_back(thread.get());
    }
    if (!candidates_.empty()) return candidates_[draws_.Below(candidates_.size())];
    if (!AdvanceClock()) return nullptr;
  }
}

void Scheduler::Switch() {
  SimulatedThread* const self = current_thread;
  SimulatedThread* const next = Choose();
  if (next == nullptr) {
    if (on_deadlock_) on_deadlock_("nothing can ever run again:\n" + Describe());
    std::abort();
  }
  if (next->waiting) {
    next->waiting = false;  // its time has come
    next->woken = false;
  }
  if (next == self) return;
  ++switches_;
  FutexWake(&next->turn);
  FutexWait(&self->turn);
}

bool Scheduler::Wait(const void* place, Nanos until) {
  SimulatedThread* const self = current_thread;
  self->waiting = true;
  self->place = place;
  self->until = std::max(until, now_);
  self->woken = false;
  Switch();
  return self->woken;
}

void Scheduler::WakeOne(const void* place) {
  candidates_.clear();
  for (const auto& thread : threads_) {
    if (thread->waiting && thread->place == place && dead_.count(thread->rank) == 0) {
      candidates_.push_back(thread.get());
    }
  }
  if (candidates_.empty()) return;
  SimulatedThread* const one = candidates_[draws_.Below(candidates_.size())];
  one->waiting = false;
  one->woken = true;
}

void Scheduler::WakeAll(const void* place) {
  for (const auto& thread : threads_) {
    if (!thread->waiting || thread->place != place) continue;
    thread->waiting = false;
    thread->woken = true;
  }
}

void Scheduler::Yield() {
  now_ += kMicrosecond;
  Switch();
}

void Scheduler::MaybeYield() {
  if (switching_ > 0 && draws_.Chance(switching_)) Switch();
}

void Scheduler::WaitUntilAlone() {
  while (threads_.size() > 1) Wait(nullptr, now_ + kMillisecond);
}

void* RunSimulatedThread(void* raw) {
  auto* const thread = static_cast<SimulatedThread*>(raw);
  current_thread = thread;
  FutexWait(&thread->turn);
  void* const result = thread->work(thread->argument);
  thread->scheduler->End();
  return result;
}

int Scheduler::Start(pthread_t* out, const pthread_attr_t* attributes, void* (*work)(void*),
                     void* argument) {
  auto thread = std::make_unique<SimulatedThread>();
  thread->id = next_id_++;
  thread->rank = current_thread->rank;
  thread->scheduler = this;
  thread->work = work;
  thread->argument = argument;
  const int error =
      RealCalls().create(&thread->system_thread, attributes, &RunSimulatedThread, thread.get());
  if (error != 0) return error;
  *out = thread->system_thread;
  threads_.push_back(std::move(thread));
  MaybeYield();
  return 0;
}

// The thread's place is its identity, which its joiner waits at. What the system does at the end of
// a thread runs beside the next one, and touches nothing of the simulation.
void Scheduler::End() {
  SimulatedThread* const self = current_thread;
  WakeAll(reinterpret_cast<const void*>(self->system_thread));
  const auto found = std::find_if(threads_.begin(), threads_.end(),
                                  [&](const auto& thread) { return thread.get() == self; });
  const std::unique_ptr<SimulatedThread> ended = std::move(*found);
  threads_.erase(found);
  current_thread = nullptr;
  SimulatedThread* const next = Choose();
  if (next == nullptr) {
    if (on_deadlock_) on_deadlock_("nothing can ever run again:\n" + Describe());
    std::abort();
  }
  if (next->waiting) {
    next->waiting = false;
    next->woken = false;
  }
  FutexWake(&next->turn);
}

void Scheduler::WaitForEnd(pthread_t thread) {
  const auto runs = [&] {
    return std::any_of(threads_.begin(), threads_.end(),
                       [&](const auto& other) { return other->system_thread == thread; });
  };
  while (runs()) Wait(reinterpret_cast<const void*>(thread), kNever);
}

std::string Scheduler::Describe() const {
  std::string out;
  char line[160];
  for (const auto& thread : threads_) {
    const bool dead = dead_.count(thread->rank) > 0;
    std::snprintf(line, sizeof(line), "  thread %u of rank %d %s at %p until %.6f\n", thread->id,
                  static_cast<int>(thread->rank),
                  dead              ? "dead"
                  : thread->waiting ? "waits"
                                    : "ready",
                  thread->place,
                  thread->until == kNever ? -1.0 : static_cast<double>(thread->until) * 1e-9);
    out += line;
  }
  return out;
}

// ---- Locks and conditions. Their state is in the memory of the program's own objects, which are
// zero when free, as the system's are: a lock may be taken outside of a simulation, too.

namespace {

struct MutexWords {
  int32_t held;
  uint32_t count;
  int32_t owner;  // thread id + 1
  uint32_t users;
  int32_t kind;
};
MutexWords* WordsOf(const void* mutex) {
  return static_cast<MutexWords*>(const_cast<void*>(mutex));
}

}  // namespace

bool Scheduler::TryLock(const void* mutex) {
  MutexWords* const words = WordsOf(mutex);
  const auto self = static_cast<int32_t>(current_thread->id + 1);
  const bool recursive = (words->kind & 3) == PTHREAD_MUTEX_RECURSIVE;
  if (words->held != 0 && !(recursive && words->owner == self)) return false;
  words->held = 1;
  words->owner = self;
  ++words->count;
  return true;
}

void Scheduler::Lock(const void* mutex) {
  MaybeYield();
  while (!TryLock(mutex)) Wait(mutex, kNever);
}

void Scheduler::Unlock(const void* mutex) {
  MutexWords* const words = WordsOf(mutex);
  if (words->count > 1) {
    --words->count;
    return;
  }
  words->held = 0;
  words->owner = 0;
  words->count = 0;
  WakeOne(mutex);
  MaybeYield();
}

void Scheduler::LockShared(const void* lock, bool alone) {
  int& holders = shared_locks_[lock];
  while (alone ? holders != 0 : holders < 0) Wait(lock, kNever);
  holders += alone ? -1 : 1;
}

void Scheduler::UnlockShared(const void* lock) {
  int& holders = shared_locks_[lock];
  holders -= holders < 0 ? -1 : 1;
  if (holders == 0) WakeAll(lock);
}

bool Scheduler::WaitForCondition(const void* condition, void* mutex, Nanos until) {
  MutexWords* const words = WordsOf(mutex);
  words->held = 0;
  words->owner = 0;
  words->count = 0;
  WakeOne(mutex);
  const bool without_cause = spurious_ > 0 && draws_.Chance(spurious_);
  bool woken = true;
  if (without_cause) {
    Switch();
  } else {
    woken = Wait(condition, until);
  }
  while (!TryLock(mutex)) Wait(mutex, kNever);
  return woken;
}

}  // namespace chorus::simulation
