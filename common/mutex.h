#pragma once
// std::mutex with clang's thread-safety attributes, so that `clang++ -Wthread-safety` proves that
// what a mutex guards is touched only under it. Write GUARDED_BY(mutex_) at each guarded member,
// and the lock order at the mutex.
// Thread safety: any thread.

#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define CHORUS_ATTRIBUTE(x) __attribute__((x))
#else
#define CHORUS_ATTRIBUTE(x)
#endif
#define GUARDED_BY(x) CHORUS_ATTRIBUTE(guarded_by(x))
#define REQUIRES_LOCK(...) CHORUS_ATTRIBUTE(requires_capability(__VA_ARGS__))

namespace chorus {

class CHORUS_ATTRIBUTE(capability("mutex")) Mutex {
 public:
  void lock() CHORUS_ATTRIBUTE(acquire_capability()) { mutex_.lock(); }
  void unlock() CHORUS_ATTRIBUTE(release_capability()) { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

class CHORUS_ATTRIBUTE(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) CHORUS_ATTRIBUTE(acquire_capability(mutex)) : mutex_(mutex) {
    mutex_.lock();
  }
  ~MutexLock() CHORUS_ATTRIBUTE(release_capability()) { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

// Waits on a Mutex that the caller holds: cv.wait(mutex), cv.wait_for(mutex, duration).
using ConditionVariable = std::condition_variable_any;

}  // namespace chorus
