#pragma once
// Errors that the world can cause (file, socket, peer, configuration, log row) are values: a Status
// is a code and a message, and the message gets a context ("reading train.log: block 3: ...") on
// its way up. What only a bug can cause is a CHECK (check.h). Nothing in Chorus throws.
// Thread safety: values; share them like an int.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace chorus {

// What a caller can do about an error. The numbers travel in frames: never reuse one.
enum class Code : int {
  kOk = 0,
  kInvalidArgument = 1,     // the input is wrong; the same input will fail again
  kNotFound = 2,            // a file, table or key that should be there is not
  kDataLoss = 3,            // a checksum or structure does not hold: corrupted or truncated data
  kUnavailable = 4,         // a peer cannot be reached now; a retry may succeed
  kDeadlineExceeded = 5,    // a wait ended without what it waited for
  kResourceExhausted = 6,   // a limit (memory, frame size) would be passed
  kFailedPrecondition = 7,  // the state does not allow it (wrong version, config differs, ...)
  kPermissionDenied = 8,    // a peer did not prove the job's token
  kAborted = 9,             // stopped because another part of the job failed
  kInternal = 10,           // a library failed in a way that has no better name
};

// "InvalidArgument", "DataLoss", ...
std::string_view CodeName(Code code);
// The code of an error that a frame names; kInternal if the number is that of no error here.
Code ErrorCodeOf(uint32_t number);
// Whether an error of this code usually follows from another rank's failure: a lost connection, a
// wait in vain, an abort.
bool IsConsequence(Code code);

class [[nodiscard]] Status {
 public:
  Status() = default;  // OK
  Status(Code code, std::string message) : code_(code), message_(std::move(message)) {}

  static Status Ok() { return Status(); }

  bool ok() const { return code_ == Code::kOk; }
  Code code() const { return code_; }
  const std::string& message() const { return message_; }
  // "DataLoss: reading train.log: block 3: checksum differs"; "OK" when ok.
  std::string ToString() const;
  // The same error with "context: " in front of its message, unless the message begins with that
  // context already; OK stays OK.
  Status Annotate(std::string_view context) const;

 private:
  Code code_ = Code::kOk;
  std::string message_;
};

Status InvalidArgument(std::string message);
Status NotFound(std::string message);
Status DataLoss(std::string message);
Status Unavailable(std::string message);
Status DeadlineExceeded(std::string message);
Status ResourceExhausted(std::string message);
Status FailedPrecondition(std::string message);
Status PermissionDenied(std::string message);
Status Aborted(std::string message);
Status Internal(std::string message);

// Aborts: somebody asked a Result for the value that it does not have.
[[noreturn]] void DieOfBadResultAccess(const Status& status);

// A value, or the reason why there is none.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}         // NOLINT: implicit by design
  Result(Status status) : status_(std::move(status)) {  // NOLINT: implicit by design
    if (status_.ok()) DieOfBadResultAccess(status_);
  }

  bool ok() const { return value_.has_value(); }
  const Status& status() const { return status_; }
  // REQUIRES: ok().
  T& value() & { return Checked(); }
  const T& value() const& { return const_cast<Result*>(this)->Checked(); }
  T&& value() && { return std::move(Checked()); }
  T* operator->() { return &Checked(); }
  const T* operator->() const { return &const_cast<Result*>(this)->Checked(); }
  T& operator*() & { return Checked(); }
  const T& operator*() const& { return const_cast<Result*>(this)->Checked(); }

 private:
  T& Checked() {
    if (!value_.has_value()) DieOfBadResultAccess(status_);
    return *value_;
  }

  Status status_;
  std::optional<T> value_;
};

}  // namespace chorus

#define CHORUS_CONCAT_INNER(a, b) a##b
#define CHORUS_CONCAT(a, b) CHORUS_CONCAT_INNER(a, b)

// Returns from the enclosing function when `expr` (a Status) is an error.
#define RETURN_IF_ERROR(expr)                                                                  \
  do {                                                                                         \
    if (::chorus::Status status_of_expr = (expr); !status_of_expr.ok()) return status_of_expr; \
  } while (0)

// ASSIGN_OR_RETURN(auto file, OpenFile(path)): the value, or return the error.
#define ASSIGN_OR_RETURN(lhs, expr) \
  ASSIGN_OR_RETURN_IMPL(CHORUS_CONCAT(result_of_line_, __LINE__), lhs, expr)
#define ASSIGN_OR_RETURN_IMPL(result, lhs, expr) \
  auto result = (expr);                          \
  if (!result.ok()) return result.status();      \
  lhs = std::move(result).value()
