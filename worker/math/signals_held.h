#pragma once
// Keeps signals from this thread while a foreign product runs. oneDNN's generated products move the
// stack pointer into a small buffer of the heap; the kernel would write the frame of a signal below
// it, over whatever is there. A signal to the process goes to another thread or waits, mostly for
// less than a millisecond. Thread safety: each thread has its own.

#include <signal.h>

namespace chorus::worker {

class SignalsHeld {
 public:
  SignalsHeld() {
    sigset_t held;
    sigfillset(&held);
    // A signal that a thread causes itself cannot wait.
    for (const int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP}) sigdelset(&held, own);
    pthread_sigmask(SIG_BLOCK, &held, &before_);
  }
  ~SignalsHeld() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsHeld(const SignalsHeld&) = delete;
  SignalsHeld& operator=(const SignalsHeld&) = delete;

 private:
  sigset_t before_;
};

}  // namespace chorus::worker
