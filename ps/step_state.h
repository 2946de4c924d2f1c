#pragma once
// Everything that a server holds for one step: every worker's frame, the rows of its keys, and its
// reply. It is kept until no retry can ask for the reply and no gradient can name the rows
// (held_steps.h).
// Thread safety: as the members say.

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
  // Both are by table. While the step is under way each owner thread writes the parts of its
  // shards; afterwards they are read-only.
  std::vector<std::vector<uint32_t>> rows;  // [table][n]: row number within the shard's table
  std::vector<ByteArray> weights;           // [table]: [n, dim] float32, the reply's arrays
  // Under the server's mutex: who waits for the reply, and who asked again.
  std::vector<Responder> waiting;
};

struct StepState {
  uint64_t step = 0;
  std::vector<WorkerStep> workers;
  // Under the server's mutex.
  std::chrono::steady_clock::time_point first_arrival;  // of the frames whose senders wait now
  uint32_t arrived = 0;                                 // workers whose frames are in
  bool dispatched = false;
  bool done = false;
  std::string reply_meta;  // once the step is done
  // The owner threads count down, and the last one completes the step.
  std::atomic<uint32_t> owners_left{0};
  Mutex mutex;                     // a leaf: nothing is locked under it
  Status error GUARDED_BY(mutex);  // the first that an owner thread met
};

}  // namespace chorus::ps
