#include "common/status.h"

#include <cstdio>
#include <cstdlib>

namespace chorus {

std::string_view CodeName(Code code) {
  switch (code) {
    case Code::kOk:
      return "OK";
    case Code::kInvalidArgument:
      return "InvalidArgument";
    case Code::kNotFound:
      return "NotFound";
    case Code::kDataLoss:
      return "DataLoss";
    case Code::kUnavailable:
      return "Unavailable";
    case Code::kDeadlineExceeded:
      return "DeadlineExceeded";
    case Code::kResourceExhausted:
      return "ResourceExhausted";
    case Code::kFailedPrecondition:
      return "FailedPrecondition";
    case Code::kPermissionDenied:
      return "PermissionDenied";
    case Code::kAborted:
      return "Aborted";
    case Code::kInternal:
      return "Internal";
  }
  return "Unknown";
}

bool IsConsequence(Code code) {
  return code == Code::kAborted || code == Code::kUnavailable || code == Code::kDeadlineExceeded;
}

Code ErrorCodeOf(uint32_t number) {
  const bool known =
      number > static_cast<uint32_t>(Code::kOk) && number <= static_cast<uint32_t>(Code::kInternal);
  return known ? static_cast<Code>(number) : Code::kInternal;
}

std::string Status::ToString() const {
  if (ok()) return "OK";
  return std::string(CodeName(code_)) + ": " + message_;
}

Status Status::Annotate(std::string_view context) const {
  if (ok() || (message_.starts_with(context) && message_.size() > context.size() &&
               (message_[context.size()] == ':' || message_[context.size()] == ' '))) {
    return *this;
  }
  return Status(code_, std::string(context) + ": " + message_);
}

Status InvalidArgument(std::string message) { return {Code::kInvalidArgument, std::move(message)}; }
Status NotFound(std::string message) { return {Code::kNotFound, std::move(message)}; }
Status DataLoss(std::string message) { return {Code::kDataLoss, std::move(message)}; }
Status Unavailable(std::string message) { return {Code::kUnavailable, std::move(message)}; }
Status DeadlineExceeded(std::string message) {
  return {Code::kDeadlineExceeded, std::move(message)};
}
Status ResourceExhausted(std::string message) {
  return {Code::kResourceExhausted, std::move(message)};
}
Status FailedPrecondition(std::string message) {
  return {Code::kFailedPrecondition, std::move(message)};
}
Status PermissionDenied(std::string message) {
  return {Code::kPermissionDenied, std::move(message)};
}
Status Aborted(std::string message) { return {Code::kAborted, std::move(message)}; }
Status Internal(std::string message) { return {Code::kInternal, std::move(message)}; }

void DieOfBadResultAccess(const Status& status) {
  std::fprintf(stderr, "bug: value of a Result that holds none: %s\n", status.ToString().c_str());
  std::abort();
}

}  // namespace chorus
