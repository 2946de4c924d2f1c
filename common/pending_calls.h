#pragma once
// The calls of a channel that have no reply yet, with their deadlines.
// Thread safety: the loop's thread only; callbacks run there, and may destroy nothing of this.

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
  double deadline_seconds = 0;  // as asked for, for the message
  std::chrono::steady_clock::time_point deadline;
  ReplyCallback done;
};

std::chrono::steady_clock::time_point DeadlineAfter(double seconds);

class PendingCalls {
 public:
  // what_happened(): why there is no reply so far ("connection refused"), for the deadline's
  // message.
  PendingCalls(IoLoop& loop, std::string peer, std::function<std::string()> what_happened);

  uint64_t Add(PendingCall call);  // returns its request id: 1, 2, ...
  // Ends a call: error frames become their error. A call that has ended already is ignored.
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
