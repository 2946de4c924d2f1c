#include "common/pending_calls.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/strings.h"

namespace chorus {

using Clock = std::chrono::steady_clock;

Clock::time_point DeadlineAfter(double seconds) {
  constexpr double kNever = 1e9;  // thirty years: the clock's count must not overflow
  const double bounded = std::clamp(seconds, 0.0, kNever);
  return Clock::now() +
         std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(bounded));
}

PendingCalls::PendingCalls(IoLoop& loop, std::string peer,
                           std::function<std::string()> what_happened)
    : peer_(std::move(peer)), what_happened_(std::move(what_happened)), timer_(loop.NewTimer()) {}

uint64_t PendingCalls::Add(PendingCall call) {
  const uint64_t id = next_id_++;
  const auto deadline = call.deadline;
  calls_.emplace(id, std::move(call));
  if (deadline < timer_at_) Watch();
  return id;
}

// A call that is not here has ended: its deadline passed, or its reply came twice, since a request
// that was repeated on a new connection may have been answered on both. Ids are never used again,
// so a late reply cannot end another call. The call is taken out before its callback runs, which
// may add a call at once.
void PendingCalls::Finish(uint64_t id, Result<Frame> reply) {
  const auto found = calls_.find(id);
  if (found == calls_.end()) return;
  const ReplyCallback done = std::move(found->second.done);
  calls_.erase(found);
  if (reply.ok() && reply->type == FrameType::kError) {
    return done(StatusOfFrame(*reply).Annotate(peer_));
  }
  done(std::move(reply));
}

// The map is emptied first: a callback may add a call, which must not be failed with the others.
void PendingCalls::FailAll(const Status& status) {
  const std::map<uint64_t, PendingCall> ended = std::exchange(calls_, {});
  timer_->Cancel();
  timer_at_ = Clock::time_point::max();
  for (const auto& [id, call] : ended) call.done(status.Annotate(peer_));
}

// One timer for all calls. It may go off for a call that has ended meanwhile: Expire then finds
// nothing due and sets it anew, which is cheaper than setting it for every reply.
void PendingCalls::Watch() {
  timer_at_ = Clock::time_point::max();
  for (const auto& [id, call] : calls_) timer_at_ = std::min(timer_at_, call.deadline);
  if (calls_.empty()) return;
  const double seconds = std::chrono::duration<double>(timer_at_ - Clock::now()).count();
  timer_->Start(seconds, [this] { Expire(); });  // cancelled with this object
}

void PendingCalls::Expire() {
  const auto now = Clock::now();
  // Collected first: Finish takes calls out of the map, and a callback may add some.
  std::vector<uint64_t> due;
  for (const auto& [id, call] : calls_) {
    if (call.deadline <= now) due.push_back(id);
  }
  for (const uint64_t id : due) {
    const PendingCall& call = calls_.at(id);
    Finish(id, DeadlineExceeded(StrCat(peer_, ": no reply to request ", id, " (type ",
                                       call.request.type, ") within ", call.deadline_seconds,
                                       " s: ", what_happened_())));
  }
  Watch();
}

}  // namespace chorus
