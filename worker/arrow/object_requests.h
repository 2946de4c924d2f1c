#pragma once
// Requests to other machines, each on a thread of a pool and with a deadline. Thread safety: any
// thread.

#include <arrow/result.h>
#include <arrow/util/future.h>
#include <arrow/util/thread_pool.h>

#include <cstdio>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace chorus::worker {

// Its threads are never waited for: one that hangs must not keep the program from ending.
arrow::internal::ThreadPool& RequestPool();

// Of this thread and those that it starts: a connection that the other side has closed is an error
// of its write, and not the end of the program.
void BlockBrokenPipes();

// `work` owns whatever it uses: it may go on when nobody waits for it any more.
template <typename T>
arrow::Result<arrow::Future<T>> Ask(std::function<arrow::Result<T>()> work) {
  return RequestPool().Submit([work = std::move(work)]() -> arrow::Result<T> {
    BlockBrokenPipes();
    try {
      return work();
    } catch (const std::exception& error) {
      return arrow::Status::IOError(error.what());
    } catch (...) {
      return arrow::Status::UnknownError("an exception of an unknown kind");
    }
  });
}

template <typename T>
arrow::Result<T> Await(const arrow::Future<T>& future, double timeout_seconds) {
  if (!future.Wait(timeout_seconds)) {
    char seconds[32];
    std::snprintf(seconds, sizeof(seconds), "%g", timeout_seconds);
    return arrow::Status::IOError("no answer within ", seconds, " s");
  }
  return future.result();
}

template <typename T>
arrow::Result<T> AskAndAwait(double timeout_seconds, std::function<arrow::Result<T>()> work) {
  ARROW_ASSIGN_OR_RAISE(const auto future, Ask<T>(std::move(work)));
  return Await(future, timeout_seconds);
}

}  // namespace chorus::worker
