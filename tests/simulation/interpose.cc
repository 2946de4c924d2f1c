// Threads, locks, waits and clocks of the whole program, under the names of the system's: a program
// that links this file has them everywhere, in the C++ library, too. On threads of a simulation
// they are the scheduler's, on all others the system's.

#include <bits/atomic_futex.h>
#include <cxxabi.h>
#include <dlfcn.h>
#include <sched.h>
#include <cerrno>
#include <chrono>
#include <map>

#include "tests/simulation/real_calls.h"
#include "tests/simulation/scheduler.h"

namespace chorus::simulation {
namespace {

// The clock that begins with no simulation's: a year that files may have.
constexpr Nanos kWallClock = 1'700'000'000 * kSecond;

Nanos NanosOfTime(const timespec& time) { return time.tv_sec * kSecond + time.tv_nsec; }

// Of an absolute time of a clock.
Nanos UntilOf(clockid_t clock, const timespec& time) {
  return NanosOfTime(time) - (clock == CLOCK_REALTIME ? kWallClock : 0);
}

template <typename Function>
void Find(const char* name, Function* out) {
  *out = reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

SystemCalls FindCalls() {
  SystemCalls calls;
  Find("pthread_create", &calls.create);
  Find("pthread_join", &calls.join);
  Find("pthread_mutex_lock", &calls.lock);
  Find("pthread_mutex_trylock", &calls.try_lock);
  Find("pthread_mutex_unlock", &calls.unlock);
  Find("pthread_cond_wait", &calls.wait);
  Find("pthread_cond_timedwait", &calls.timed_wait);
  Find("pthread_cond_clockwait", &calls.clock_wait);
  Find("pthread_cond_signal", &calls.signal);
  Find("pthread_cond_broadcast", &calls.broadcast);
  Find("pthread_once", &calls.once);
  Find("pthread_rwlock_rdlock", &calls.read_lock);
  Find("pthread_rwlock_wrlock", &calls.write_lock);
  Find("pthread_rwlock_unlock", &calls.unlock_shared);
  Find("sched_yield", &calls.yield);
  Find("nanosleep", &calls.sleep);
  Find("clock_nanosleep", &calls.clock_sleep);
  Find("clock_gettime", &calls.read_clock);
  Find("__cxa_guard_acquire", &calls.guard_acquire);
  Find("__cxa_guard_release", &calls.guard_release);
  Find("__cxa_guard_abort", &calls.guard_abort);
  return calls;
}

// Not a function's own variable, whose guard is interposed here.
SystemCalls real_calls;
bool have_real_calls = false;

}  // namespace

const SystemCalls& RealCalls() {
  if (!have_real_calls) {
    real_calls = FindCalls();
    have_real_calls = true;
  }
  return real_calls;
}

}  // namespace chorus::simulation

using chorus::simulation::kMicrosecond;
using chorus::simulation::kNever;
using chorus::simulation::kSecond;
using chorus::simulation::kWallClock;
using chorus::simulation::Nanos;
using chorus::simulation::NanosOfTime;
using chorus::simulation::RealCalls;
using chorus::simulation::Scheduler;
using chorus::simulation::UntilOf;

extern "C" {

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*work)(void*),
                   void* argument) {
  if (auto* const here = Scheduler::Current())
    return here->Start(thread, attributes, work, argument);
  return RealCalls().create(thread, attributes, work, argument);
}

int pthread_join(pthread_t thread, void** result) {
  if (auto* const here = Scheduler::Current()) here->WaitForEnd(thread);
  return RealCalls().join(thread, result);
}

int pthread_mutex_lock(pthread_mutex_t* mutex) {
  auto* const here = Scheduler::Current();
  if (here == nullptr) return RealCalls().lock(mutex);
  here->Lock(mutex);
  return 0;
}

int pthread_mutex_trylock(pthread_mutex_t* mutex) {
  auto* const here = Scheduler::Current();
  if (here == nullptr) return RealCalls().try_lock(mutex);
  return here->TryLock(mutex) ? 0 : EBUSY;
}

int pthread_mutex_unlock(pthread_mutex_t* mutex) {
  auto* const here = Scheduler::Current();
  if (here == nullptr) return RealCalls().unlock(mutex);
  here->Unlock(mutex);
  return 0;
}

int pthread_cond_wait(pthread_cond_t* condition, pthread_mutex_t* mutex) {
  auto* const here = Scheduler::Current();
  if (here == nullptr) return RealCalls().wait(condition, mutex);
  here->WaitForCondition(condition, mutex, kNever);
  return 0;
}

int pthread_cond_timedwait(pthread_cond_t* condition, pthread_mutex_t* mutex,
                           const timespec* until) {
  auto* const here = Scheduler::Current();
  if (here == nullptr) return RealCalls().timed_wait(condition, mutex, until);
  return here->WaitForCondition(condition, mutex, UntilOf(CLOCK_REALTIME, *until)) ? 0 : ETIMEDOUT;
}

int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock,
                           const timespec* until) {
  auto* const here = Scheduler::Current();
  if (here == nullptr) return RealCalls().clock_wait(condition, mutex, clock, until);
  return here->WaitForCondition(condition, mutex, UntilOf(clock, *until)) ? 0 : ETIMEDOUT;
}

int pthread_cond_signal(pthread_cond_t* condition) {
  auto* const here = Scheduler::Current();
  if (here == nullptr) return RealCalls().signal(condition);
  here->WakeOne(condition);
  return 0;
}

int pthread_cond_broadcast(pthread_cond_t* condition) {
  auto* const here = Scheduler::Current();
  if (here == nullptr) return RealCalls().broadcast(condition);
  here->WakeAll(condition);
  return 0;
}

// Zero: to be done; 2: done, as the system has it; 1: being done.
int pthread_once(pthread_once_t* once, void (*work)()) {
  auto* const here = Scheduler::Current();
  if (here == nullptr) return RealCalls().once(once, work);
  while (*once == 1) here->Wait(once, kNever);
  if (*once == 2) return 0;
  *once = 1;
  work();
  *once = 2;
  here->WakeAll(once);
  return 0;
}

int pthread_rwlock_rdlock(pthread_rwlock_t* lock) {
  auto* const here = Scheduler::Current();
  if (here == nullptr) return RealCalls().read_lock(lock);
  here->LockShared(lock, false);
  return 0;
}

int pthread_rwlock_wrlock(pthread_rwlock_t* lock) {
  auto* const here = Scheduler::Current();
  if (here == nullptr) return RealCalls().write_lock(lock);
  here->LockShared(lock, true);
  return 0;
}

int pthread_rwlock_unlock(pthread_rwlock_t* lock) {
  auto* const here = Scheduler::Current();
  if (here == nullptr) return RealCalls().unlock_shared(lock);
  here->UnlockShared(lock);
  return 0;
}

int sched_yield() {
  auto* const here = Scheduler::Current();
  if (here == nullptr) return RealCalls().yield();
  here->Yield();
  return 0;
}

int nanosleep(const timespec* time, timespec* left) {
  auto* const here = Scheduler::Current();
  if (here == nullptr) return RealCalls().sleep(time, left);
  here->Wait(nullptr, here->now() + NanosOfTime(*time));
  return 0;
}

int clock_nanosleep(clockid_t clock, int flags, const timespec* time, timespec* left) {
  auto* const here = Scheduler::Current();
  if (here == nullptr) return RealCalls().clock_sleep(clock, flags, time, left);
  const bool absolute = (flags & TIMER_ABSTIME) != 0;
  here->Wait(nullptr, absolute ? UntilOf(clock, *time) : here->now() + NanosOfTime(*time));
  return 0;
}

int clock_gettime(clockid_t clock, timespec* out) {
  auto* const here = Scheduler::Current();
  if (here == nullptr) return RealCalls().read_clock(clock, out);
  const bool wall = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
  const Nanos now = here->ReadClock() + (wall ? kWallClock : 0);
  out->tv_sec = now / kSecond;
  out->tv_nsec = now % kSecond;
  return 0;
}

}  // extern "C"

// The first use of a function's static variable, which others wait for.
namespace __cxxabiv1 {
extern "C" {

int __cxa_guard_acquire(__guard* guard) {
  auto* const here = Scheduler::Current();
  if (here == nullptr) return RealCalls().guard_acquire(guard);
  char* const bytes = reinterpret_cast<char*>(guard);
  while (bytes[0] == 0 && bytes[1] != 0) here->Wait(guard, kNever);
  if (bytes[0] != 0) return 0;
  bytes[1] = 1;
  return 1;
}

void __cxa_guard_release(__guard* guard) noexcept {
  auto* const here = Scheduler::Current();
  if (here == nullptr) return RealCalls().guard_release(guard);
  char* const bytes = reinterpret_cast<char*>(guard);
  bytes[0] = 1;
  bytes[1] = 0;
  here->WakeAll(guard);
}

void __cxa_guard_abort(__guard* guard) noexcept {
  auto* const here = Scheduler::Current();
  if (here == nullptr) return RealCalls().guard_abort(guard);
  reinterpret_cast<char*>(guard)[1] = 0;
  here->WakeAll(guard);
}

}  // extern "C"
}  // namespace __cxxabiv1

// What std::future waits with.
namespace std {

bool __atomic_futex_unsigned_base::_M_futex_wait_until(unsigned* word, unsigned value,
                                                       bool has_timeout, chrono::seconds s,
                                                       chrono::nanoseconds ns) {
  if (*word != value) return true;
  const timespec until{s.count(), ns.count()};
  return Scheduler::Current()->Wait(word, has_timeout ? UntilOf(CLOCK_REALTIME, until) : kNever);
}

bool __atomic_futex_unsigned_base::_M_futex_wait_until_steady(unsigned* word, unsigned value,
                                                              bool has_timeout, chrono::seconds s,
                                                              chrono::nanoseconds ns) {
  if (*word != value) return true;
  const timespec until{s.count(), ns.count()};
  return Scheduler::Current()->Wait(word, has_timeout ? UntilOf(CLOCK_MONOTONIC, until) : kNever);
}

void __atomic_futex_unsigned_base::_M_futex_notify_all(unsigned* word) {
  if (auto* const here = Scheduler::Current()) here->WakeAll(word);
}

}  // namespace std
