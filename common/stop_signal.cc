#include "common/stop_signal.h"

#include <signal.h>

#include <atomic>

#include "common/strings.h"

namespace chorus {
namespace {

// Lock-free, so that a handler may use it.
std::atomic<int> noted = 0;
static_assert(std::atomic<int>::is_always_lock_free);

void Note(int signal) {
  // What reads the output may have ended with the terminal: that ends no run that is to be saved.
  if (signal == SIGHUP) ::signal(SIGPIPE, SIG_IGN);
  int none = 0;
  if (noted.compare_exchange_strong(none, signal)) return;
  // A terminal that closes sends SIGHUP twice: the shell to its jobs, and the kernel.
  if (signal == SIGUSR1 || signal == SIGHUP) return;
  struct sigaction as_without_handler = {};
  as_without_handler.sa_handler = SIG_DFL;
  sigaction(signal, &as_without_handler, nullptr);
  raise(signal);
}

}  // namespace

void CatchStopSignals() {
  struct sigaction action = {};
  action.sa_handler = Note;
  action.sa_flags = SA_RESTART;  // no call of a library fails because of it
  for (const int signal : {SIGTERM, SIGINT, SIGUSR1}) sigaction(signal, &action, nullptr);
  if (!IsIgnored(SIGHUP)) sigaction(SIGHUP, &action, nullptr);  // nohup ignores it
}

bool IsIgnored(int signal) {
  struct sigaction action = {};
  return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

int StopSignal() { return noted.load(); }

std::string SignalName(int signal) {
  switch (signal) {
    case 0:
      return "a signal to another process of the job";
    case SIGTERM:
      return "SIGTERM";
    case SIGINT:
      return "SIGINT";
    case SIGHUP:
      return "SIGHUP";
    case SIGUSR1:
      return "SIGUSR1";
    default:
      return StrCat("signal ", signal);
  }
}

}  // namespace chorus
