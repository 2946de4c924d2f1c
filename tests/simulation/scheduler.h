#pragma once
// Threads that take turns on a simulated clock. Of all threads one runs at a time, and which one is
// drawn from a seed, so that a run can be repeated; when none can run, the clock jumps to the next
// time that somebody waits for. interpose.cc brings the threads, locks, waits and clocks of the
// whole program here, the C++ library's included: the code under test knows nothing of it.
//
// Threads belong to a rank, that of the thread that started them. A rank that is killed stands
// still for ever with its threads where they were: nothing of it is destroyed. A rank that is
// stalled stands still for a while.
// Thread safety: called by threads of the simulation, of which one runs at a time.

#include <pthread.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace chorus::simulation {

using Nanos = int64_t;  // since the simulation's beginning
constexpr Nanos kNever = INT64_MAX;
constexpr Nanos kSecond = 1'000'000'000;
constexpr Nanos kMillisecond = 1'000'000;
constexpr Nanos kMicrosecond = 1'000;
inline Nanos NanosOf(double seconds) { return static_cast<Nanos>(seconds * 1e9); }

constexpr uint32_t kNoRank = UINT32_MAX;  // of threads that nobody kills or stalls

// Numbers of one seed, one after the other.
class Draws {
 public:
  explicit Draws(uint64_t seed) : state_(seed) {}
  uint64_t Next();
  uint64_t Below(uint64_t n) { return Next() % n; }  // n: at least 1
  double Uniform() { return static_cast<double>(Next() >> 11) * 0x1p-53; }
  double Between(double low, double high) { return low + (high - low) * Uniform(); }
  bool Chance(double probability) { return Uniform() < probability; }
  // A number of any magnitude between two bounds: as often between 1 and 10 as between 10 and 100.
  double Scaled(double low, double high);

 private:
  uint64_t state_;
};

struct SimulatedThread;

class Scheduler {
 public:
  explicit Scheduler(uint64_t seed);
  // REQUIRES: all threads but the first have ended.
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // The scheduler of the calling thread; null outside of simulations.
  static Scheduler* Current();

  // The probability that a thread which takes or leaves a lock lets another one run.
  void set_switching(double probability) { switching_ = probability; }
  // The probability that a wait for a condition ends without cause, as the standard allows.
  void set_spurious(double probability) { spurious_ = probability; }
  // Sets what is called, once, when no thread can ever run again; it must not return.
  void set_on_deadlock(std::function<void(const std::string& why)> told) {
    on_deadlock_ = std::move(told);
  }

  Nanos now() const { return now_; }
  // now(), after the microsecond that it takes to look: a thread that polls a clock sees it move.
  Nanos ReadClock() { return now_ += kMicrosecond; }

  uint32_t rank() const;        // of the calling thread
  void SetRank(uint32_t rank);  // of the calling thread, and so of those that it will start
  void Kill(uint32_t rank);     // does not return if it is the caller's
  bool is_dead(uint32_t rank) const { return dead_.count(rank) > 0; }
  void Stall(uint32_t rank, Nanos until);
  void Thaw(uint32_t rank);  // ends its stalls

  // Lets others run until somebody wakes `place` (true) or the time has come (false).
  bool Wait(const void* place, Nanos until);
  void WakeOne(const void* place);  // one of those that wait there, by the seed
  void WakeAll(const void* place);
  void Yield();           // lets another thread run
  void MaybeYield();      // the same, by chance
  void WaitUntilAlone();  // until all other threads have ended

  // For interpose.cc.
  int Start(pthread_t* thread, const pthread_attr_t* attributes, void* (*work)(void*),
            void* argument);
  void WaitForEnd(pthread_t thread);
  void Lock(const void* mutex);
  bool TryLock(const void* mutex);
  void Unlock(const void* mutex);
  void LockShared(const void* lock, bool alone);
  void UnlockShared(const void* lock);
  bool WaitForCondition(const void* condition, void* mutex, Nanos until);

  uint64_t switches() const { return switches_; }
  // Which thread waits for what, for the message of a run that stands still.
  std::string Describe() const;

 private:
  friend void* RunSimulatedThread(void* thread);
  struct Stalled {
    uint32_t rank;
    Nanos until;
  };

  bool Eligible(const SimulatedThread& thread) const;
  Nanos StalledUntil(uint32_t rank) const;
  // Gives the turn to another thread (or back to this one).
  void Switch();
  SimulatedThread* Choose();
  bool AdvanceClock();
  void End();  // of the calling thread

  Draws draws_;
  double switching_ = 0;
  double spurious_ = 0;
  std::function<void(const std::string&)> on_deadlock_;
  Nanos now_ = 1000 * kSecond;
  std::vector<std::unique_ptr<SimulatedThread>> threads_;  // that have not ended
  std::vector<SimulatedThread*> candidates_;               // memory of Choose
  std::map<const void*, int> shared_locks_;                // readers, or -1: a writer
  std::set<uint32_t> dead_;
  std::vector<Stalled> stalled_;
  uint64_t switches_ = 0;
  uint32_t next_id_ = 0;
};

}  // namespace chorus::simulation
