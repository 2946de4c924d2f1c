#pragma once
// One request to each server, and what came back.
// Thread safety: Set from any thread; all else from one.

#include <vector>

#include "common/frame.h"
#include "common/mutex.h"
#include "common/status.h"

namespace chorus::worker {

class ServerCalls {
 public:
  explicit ServerCalls(size_t servers) : replies_(servers), answered_(servers), left_(servers) {}

  void Set(size_t server, Result<Frame> reply);  // once per server
  // Waits until Wait would return at once, `seconds` at most. Returns whether it would.
  bool Ended(double seconds);
  // All replies, by server, or the first failure as soon as there is one; call it once. After
  // `seconds` the error is kDeadlineExceeded, which names the servers that did not answer.
  Result<std::vector<Frame>> Wait(double seconds);
  Status error();  // the first failure so far

 private:
  Status TooLate(double seconds) const REQUIRES_LOCK(mutex_);

  Mutex mutex_;
  ConditionVariable changed_;
  std::vector<Frame> replies_ GUARDED_BY(mutex_);
  std::vector<bool> answered_ GUARDED_BY(mutex_);
  size_t left_ GUARDED_BY(mutex_);
  Status error_ GUARDED_BY(mutex_);
};

}  // namespace chorus::worker
