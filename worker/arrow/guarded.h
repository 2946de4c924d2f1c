#pragma once
// Arrow returns errors as values, and libraries below it may throw. Neither an exception nor an
// arrow::Status leaves the library, whose functions return numbers and texts. Thread safety: pure
// function.

#include <arrow/status.h>

#include <cstddef>
#include <cstdio>
#include <exception>
#include <type_traits>
#include <utility>

#include "worker/columns/arrow_interface.h"

namespace chorus::worker {

// work: gives an arrow::Status or an arrow::Result.
template <typename Work>
std::invoke_result_t<const Work&> Guarded(const Work& work) {
  try {
    return work();
  } catch (const std::exception& error) {
    return arrow::Status::IOError(error.what());
  } catch (...) {
    return arrow::Status::UnknownError("an exception of an unknown kind");
  }
}

// A caller tells two errors from all others. Each has a code of Arrow that no file system of Arrow
// returns.
template <typename... Args>
arrow::Status NoSuchObject(Args&&... args) {
  return arrow::Status::KeyError(std::forward<Args>(args)...);
}
template <typename... Args>
arrow::Status ObjectChanged(Args&&... args) {
  return arrow::Status::IndexError(std::forward<Args>(args)...);
}
inline int CodeOf(const arrow::Status& status) {
  if (status.ok()) return 0;
  if (status.IsKeyError()) return CHORUS_ARROW_NO_SUCH_OBJECT;
  return status.IsIndexError() ? CHORUS_ARROW_CHANGED : CHORUS_ARROW_FAILED;
}

// Does the work and gives what a function of the library returns: 0, or a ChorusArrowObjectError.
// The reason of a failure goes into `error`, which has room for error_bytes and ends with 0.
template <typename Work>
int AnswerTo(const Work& work, char* error, size_t error_bytes) {
  const arrow::Status status = Guarded(work);
  if (!status.ok()) std::snprintf(error, error_bytes, "%s", status.message().c_str());
  return CodeOf(status);
}

}  // namespace chorus::worker
