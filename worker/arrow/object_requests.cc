#include "worker/arrow/object_requests.h"

#include <signal.h>

namespace chorus::worker {

arrow::internal::ThreadPool& RequestPool() {
  constexpr int kThreads = 8;
  static auto* const pool = new std::shared_ptr<arrow::internal::ThreadPool>(
      arrow::internal::ThreadPool::MakeEternal(kThreads).ValueOrDie());
  return **pool;
}

std::atomic<int64_t>& RequestTimes::last_end() {
  static std::atomic<int64_t> time{0};
  return time;
}

void BlockBrokenPipes() {
  sigset_t pipes;
  sigemptyset(&pipes);
  sigaddset(&pipes, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipes, nullptr);
}

}  // namespace chorus::worker
