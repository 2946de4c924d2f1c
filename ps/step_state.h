#pragma once
// What a server holds of one step: every worker's frame, the rows its keys led to, and its reply,
// kept until no retry can ask for it and no gradient can name its rows. Thread safety: see at the
// members.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "common/frame.h"
#include "common/mutex.h"
#include "common/status.h"
#include "common/transport.h"
#include "ps/request.h"

namespace chorus::ps {

struct WorkerStep {
  std::shared_ptr<const StepRequest> request;  // null until the frame is in; read-only afterwards
  // [table][n], each shard's part written by its owner thread while the step is under way, then
  // read-only.
  std::vector<std::vector<uint32_t>> rows;  // row index within the shard's table
  std::vector<ByteArray> weights;           // [n, dim] float32: the reply's arrays
  // The server's, under its mutex.
  std::vector<Responder> waiting;
};

struct StepState {
  uint64_t step = 0;
  std::vector<WorkerStep> workers;
  std::chrono::steady_clock::time_point
      first_arrival;  // of those waiting now; under the server's mutex
  // The server's, under its mutex.
  uint32_t arrived = 0;
  bool dispatched = false;
  bool done = false;
  std::string reply_meta;  // when done
  // Owner threads count down; the last one completes the step.
  std::atomic<uint32_t> owners_left{0};
  Mutex mutex;                     // leaf: nothing is locked under it
  Status error GUARDED_BY(mutex);  // the first that an owner thread met
};

}  // namespace chorus::ps
