// A step that waits for a worker in vain is answered with who is missing.

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "common/strings.h"
#include "ps/server_impl.h"

namespace chorus::ps {

void ServerImpl::Watch() {
  const double period = std::clamp(options_.deadline_seconds / 8, 0.002, 0.25);
  for (;;) {
    std::vector<Outgoing> out;
    {
      MutexLock lock(mutex_);
      if (!stopping_) stop_watch_.wait_for(mutex_, std::chrono::duration<double>(period));
      if (stopping_) return;
      out = TakeExpired();
    }
    for (Outgoing& reply : out) reply.respond(std::move(reply.frame));
  }
}

// Frames stay: a worker that asks again waits again.
std::vector<ServerImpl::Outgoing> ServerImpl::TakeExpired() {
  std::vector<Outgoing> out;
  const auto now = std::chrono::steady_clock::now();
  for (auto& [step, state] : window_.steps()) {
    if (state->dispatched) continue;
    const double waited = std::chrono::duration<double>(now - state->first_arrival).count();
    if (waited < options_.deadline_seconds) continue;
    const std::string missing = MissingWorkers(*state);
    const Status status = DeadlineExceeded(
        StrCat(shape_.name(), ": step ", step, " waited ", options_.deadline_seconds, " s for ",
               missing.empty() ? std::string("an earlier step") : "the frame of " + missing));
    for (WorkerStep& worker : state->workers) {
      for (Responder& respond : worker.waiting)
        out.push_back({std::move(respond), MakeErrorFrame(status)});
      worker.waiting.clear();
    }
  }
  return out;
}

}  // namespace chorus::ps
