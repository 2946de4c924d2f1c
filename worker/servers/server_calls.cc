#include "worker/servers/server_calls.h"

#include <chrono>
#include <string>
#include <utility>

#include "common/strings.h"

namespace chorus::worker {

void ServerCalls::Set(size_t server, Result<Frame> reply) {
  {
    MutexLock lock(mutex_);
    if (!reply.ok() && error_.ok()) error_ = reply.status().Annotate(StrCat("server ", server));
    if (reply.ok()) replies_[server] = std::move(*reply);
    answered_[server] = true;
    --left_;
  }
  changed_.notify_all();
}

bool ServerCalls::Ended(double seconds) {
  MutexLock lock(mutex_);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (left_ > 0 && error_.ok()) {
    if (changed_.wait_until(mutex_, deadline) == std::cv_status::timeout) break;
  }
  return left_ == 0 || !error_.ok();
}

Result<std::vector<Frame>> ServerCalls::Wait(double seconds) {
  const bool ended = Ended(seconds);
  MutexLock lock(mutex_);
  if (!error_.ok()) return error_;
  if (!ended && left_ > 0) return TooLate(seconds);
  return std::move(replies_);
}

Status ServerCalls::error() {
  const MutexLock lock(mutex_);
  return error_;
}

Status ServerCalls::TooLate(double seconds) const {
  std::vector<std::string> missing;
  for (size_t server = 0; server < answered_.size(); ++server) {
    if (!answered_[server]) missing.push_back(StrCat("server ", server));
  }
  return DeadlineExceeded(StrCat(Join(missing, ", "), " did not answer within ", seconds, " s"));
}

}  // namespace chorus::worker
