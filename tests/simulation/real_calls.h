#pragma once
// The system's own functions behind those of interpose.cc.
// Thread safety: any thread.

#include <pthread.h>
#include <time.h>

namespace chorus::simulation {

struct SystemCalls {
  int (*create)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
  int (*join)(pthread_t, void**);
  int (*lock)(pthread_mutex_t*);
  int (*try_lock)(pthread_mutex_t*);
  int (*unlock)(pthread_mutex_t*);
  int (*wait)(pthread_cond_t*, pthread_mutex_t*);
  int (*timed_wait)(pthread_cond_t*, pthread_mutex_t*, const timespec*);
  int (*clock_wait)(pthread_cond_t*, pthread_mutex_t*, clockid_t, const timespec*);
  int (*signal)(pthread_cond_t*);
  int (*broadcast)(pthread_cond_t*);
  int (*once)(pthread_once_t*, void (*)());
  int (*read_lock)(pthread_rwlock_t*);
  int (*write_lock)(pthread_rwlock_t*);
  int (*unlock_shared)(pthread_rwlock_t*);
  int (*yield)();
  int (*sleep)(const timespec*, timespec*);
  int (*clock_sleep)(clockid_t, int, const timespec*, timespec*);
  int (*read_clock)(clockid_t, timespec*);
  int (*guard_acquire)(void*);
  void (*guard_release)(void*);
  void (*guard_abort)(void*);
};
const SystemCalls& RealCalls();

}  // namespace chorus::simulation
