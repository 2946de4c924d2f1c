// A step that waits for other workers in vain is answered with an error that names them.

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "common/strings.h"
#include "ps/server_impl.h"

namespace chorus::ps {

void ServerImpl::Watch() {
  // Often enough that a deadline is late by an eighth at most, seldom enough to cost nothing.
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

// Frames stay: a worker that sends its frame again waits again, and the step still runs when the
// missing frame comes. A step that is dispatched waits for this server alone, and has no deadline.
std::vector<ServerImpl::Outgoing> ServerImpl::TakeExpired() {
  std::vector<Outgoing> out;
  const auto now = std::chrono::steady_clock::now();
  for (const auto& [step, state] : steps_.all()) {
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
