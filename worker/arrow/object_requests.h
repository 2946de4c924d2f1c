#pragma once
// Requests to other machines, each on a thread of a pool and with a deadline. Thread safety: any
// thread.

#include <arrow/result.h>
#include <arrow/util/future.h>
#include <arrow/util/thread_pool.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "worker/arrow/guarded.h"

namespace chorus::worker {

// Nobody waits for the pool's threads at the end: one that hangs must not keep the program from
// ending.
arrow::internal::ThreadPool& RequestPool();

// For this thread and those that it starts: to write to a connection that the other side has closed
// is an error (SIGPIPE is blocked), and does not end the program.
void BlockBrokenPipes();

using RequestClock = std::chrono::steady_clock;

// When a request began, and when any of the pool ended last.
class RequestTimes {
 public:
  // While the request has a thread.
  class Running {
   public:
    explicit Running(RequestTimes* times) { times->began_ = Now(); }
    ~Running() { last_end() = Now(); }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
  };

  // The moment from which the request's deadline counts.
  RequestClock::time_point LastNews() const {
    const int64_t began = began_;
    const int64_t news = began != 0 ? began : std::max(asked_, last_end().load());
    return RequestClock::time_point(RequestClock::duration(news));
  }

 private:
  static int64_t Now() { return RequestClock::now().time_since_epoch().count(); }
  static std::atomic<int64_t>& last_end();

  const int64_t asked_ = Now();
  std::atomic<int64_t> began_{0};  // 0: not yet
};

inline double SecondsSince(RequestClock::time_point time) {
  return std::chrono::duration<double>(RequestClock::now() - time).count();
}

// A request under way: the answer to come, and its times.
template <typename T>
struct Asked {
  arrow::Future<T> answer;
  std::shared_ptr<const RequestTimes> times;
};

// Begins a request. `work` owns whatever it uses, since it may go on when nobody waits for it any
// more.
template <typename T>
arrow::Result<Asked<T>> Ask(std::function<arrow::Result<T>()> work) {
  const auto times = std::make_shared<RequestTimes>();
  const auto guarded = [times, work = std::move(work)]() -> arrow::Result<T> {
    const RequestTimes::Running running(times.get());
    BlockBrokenPipes();
    return Guarded(work);
  };
  ARROW_ASSIGN_OR_RAISE(auto answer, RequestPool().Submit(guarded));
  return Asked<T>{std::move(answer), times};
}

// Waits for the answer. The time counts from the beginning of the request. A request that still
// waits for a thread goes on waiting as long as others end; where none ends within the time, this
// one is given up, too. Error: IOError at the deadline.
template <typename T>
arrow::Result<T> Await(const Asked<T>& asked, double timeout_seconds) {
  double wait = timeout_seconds;
  while (wait > 0 && !asked.answer.Wait(wait)) {
    wait = timeout_seconds - SecondsSince(asked.times->LastNews());
  }
  if (!asked.answer.is_finished()) {
    char seconds[32];
    std::snprintf(seconds, sizeof(seconds), "%g", timeout_seconds);
    return arrow::Status::IOError("no answer within ", seconds, " s");
  }
  return asked.answer.result();
}

template <typename T>
arrow::Result<T> AskAndAwait(double timeout_seconds, std::function<arrow::Result<T>()> work) {
  ARROW_ASSIGN_OR_RAISE(const auto asked, Ask<T>(std::move(work)));
  return Await(asked, timeout_seconds);
}

}  // namespace chorus::worker
