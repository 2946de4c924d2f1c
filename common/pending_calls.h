#pragma once
// The calls of a channel that have no reply yet, with their deadlines. Each call ends once: by its
// reply, by its deadline or with the channel, whichever comes first.
// Thread safety: the loop's thread only. Callbacks run there; they may add calls, and must not
// destroy this object.

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "common/frame.h"
#include "common/io_loop.h"
#include "common/transport.h"

namespace chorus {

struct PendingCall {
  Frame request;
  double deadline_seconds = 0;  // as the caller asked for it, for the message
  std::chrono::steady_clock::time_point deadline;
  ReplyCallback done;
};

std::chrono::steady_clock::time_point DeadlineAfter(double seconds);

class PendingCalls {
 public:
  // what_happened(): why there has been no reply so far ("connection refused"), for the message of
  // a deadline.
  PendingCalls(IoLoop& loop, std::string peer, std::function<std::string()> what_happened);

  uint64_t Add(PendingCall call);  // returns the request id: 1, 2, ...
  // Ends a call; an error frame becomes its error. Does nothing if the call has ended already.
  void Finish(uint64_t id, Result<Frame> reply);
  void FailAll(const Status& status);
  const std::map<uint64_t, PendingCall>& all() const { return calls_; }

 private:
  void Watch();   // sets the timer for the earliest deadline
  void Expire();  // ends what is due

  const std::string peer_;
  const std::function<std::string()> what_happened_;
  uint64_t next_id_ = 1;
  std::map<uint64_t, PendingCall> calls_;
  std::unique_ptr<Timer> timer_;
  std::chrono::steady_clock::time_point timer_at_ = std::chrono::steady_clock::time_point::max();
};

}  // namespace chorus
