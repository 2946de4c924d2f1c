#pragma once
// A communicator of NCCL without endless waits. It is non-blocking: NCCL's calls return before they
// are done, and this class polls them until they are, or fail, or a deadline passes. After a
// failure the communicator is aborted, so that no kernel waits any longer for a lost peer, and
// every later call returns the same error. Thread safety: none.

#include <nccl.h>

#include <memory>
#include <optional>
#include <span>

#include "common/status.h"
#include "worker/cuda/handles.h"
#include "worker/cuda/nccl_functions.h"
#include "worker/cuda/wait.h"

namespace chorus::worker::cuda {

// One message of floats, to a peer or from it.
struct NcclMessage {
  bool is_send;
  int peer;
  float* data;  // [count], on the device
  size_t count;
};

class NcclCommunicator {
 public:
  static constexpr double kNoLimit = 1e9;  // seconds
  // Seconds that the end of a communicator waits for work under way: enough for healthy peers, and
  // a lost one does not answer later either.
  static constexpr double kLastWords = 2;
  // Connects the ranks that were given the same id.  own_work: an event that is recorded on the
  // stream on which this device computes, and that waits for no other device. Error:
  // kDeadlineExceeded, some rank has not come.
  static Result<std::unique_ptr<NcclCommunicator>> Open(const NcclFunctions& nccl,
                                                        const ncclUniqueId& id, int rank, int ranks,
                                                        cudaEvent_t own_work,
                                                        double deadline_seconds);
  // Waits up to kLastWords for work that is under way, and then aborts it.
  ~NcclCommunicator();
  NcclCommunicator(const NcclCommunicator&) = delete;
  NcclCommunicator& operator=(const NcclCommunicator&) = delete;

  // Begins to enqueue the messages as one group. Messages between the same two ranks keep their
  // order; others may overtake one another.
  Status Exchange(std::span<const NcclMessage> messages, cudaStream_t stream);
  // Begins to enqueue to[i] = the sum of all ranks' from[i], in an order that NCCL chooses.
  Status Sum(const float* from, float* to, size_t count, cudaStream_t stream);
  // Waits until all that was begun is enqueued. To be called before work is enqueued that must come
  // after it on the stream, and before an event is recorded that tells that it is done.
  Status Settle();

  // Waits until the last recording of `event` is done, for `at_most` seconds or until the deadline.
  // The error then says whether own work is done: whether this device or another one is late.
  Status WaitFor(cudaEvent_t event, double at_most = kNoLimit);
  // Whether, after an error, own work did not end either: this device itself hangs. Then the
  // communicator is not aborted, since NCCL would wait for the device, but kept until the process
  // ends.
  bool hangs() const { return hangs_; }

 private:
  NcclCommunicator(const NcclFunctions& nccl, cudaEvent_t own_work, double deadline_seconds)
      : nccl_(nccl), own_work_(own_work), deadline_seconds_(deadline_seconds) {}
  // The error of the call at `place`, which returned `result`. The call may still be in progress.
  Status Check(ncclResult_t result, const Place& place);
  // The same, and waits until the call is no longer in progress.
  Status Settle(ncclResult_t result, const Place& place);
  // Asks once for the state of the communicator, whose errors are ascribed to the call at `place`.
  // *busy: a call is still in progress.
  Status Poll(const Place& place, bool* busy);
  // The error of a wait that has passed its deadline.
  Status Late(const Wait& wait, const Place& place);
  // Keeps the error for all later calls, and aborts.
  Status Broken(Status status);
  void Abort();

  const NcclFunctions& nccl_;
  const cudaEvent_t own_work_;
  double deadline_seconds_;
  ncclComm_t comm_ = nullptr;
  Status broken_;
  bool hangs_ = false;
  std::optional<Place> begun_;  // the call that may still be in progress
};

}  // namespace chorus::worker::cuda
