#pragma once
// A communicator of NCCL that never waits for ever: calls and waits poll it and end at a deadline
// or at its first error, with the communicator aborted, so that no kernel waits for a lost peer any
// longer. After an error every call returns that error. Thread safety: none.

#include <nccl.h>

#include <memory>
#include <optional>
#include <span>

#include "common/status.h"
#include "worker/cuda/handles.h"
#include "worker/cuda/nccl_functions.h"
#include "worker/cuda/wait.h"

namespace chorus::worker::cuda {

// One message of floats on the device, to or from a peer.
struct NcclMessage {
  bool is_send;
  int peer;
  float* data;
  size_t count;
};

class NcclCommunicator {
 public:
  static constexpr double kNoLimit = 1e9;
  static constexpr double kLastWords = 2;  // seconds: a lost peer needs no more to end
  // Meets the ranks that were given the same id.  own_work: is recorded where this device computes,
  // behind no other device's work. Error: kDeadlineExceeded, not all have come.
  static Result<std::unique_ptr<NcclCommunicator>> Open(const NcclFunctions& nccl,
                                                        const ncclUniqueId& id, int rank, int ranks,
                                                        cudaEvent_t own_work,
                                                        double deadline_seconds);
  // Work that is under way has kLastWords to end; then it is given up.
  ~NcclCommunicator();
  NcclCommunicator(const NcclCommunicator&) = delete;
  NcclCommunicator& operator=(const NcclCommunicator&) = delete;

  // Begins to enqueue the messages as one group: they go in any order, but that of messages between
  // two ranks.
  Status Exchange(std::span<const NcclMessage> messages, cudaStream_t stream);
  // Begins to enqueue to[i] = the sum of all ranks' from[i], in NCCL's order.
  Status Sum(const float* from, float* to, size_t count, cudaStream_t stream);
  // Until all that was begun is enqueued: before what must come after it on the stream, or an event
  // that is to say that it is done.
  Status Settle();

  // Until the last recording of `event` is done, for `at_most` seconds or until the deadline; then
  // the error says whether own work is done.
  Status WaitFor(cudaEvent_t event, double at_most = kNoLimit);
  // Whether, after an error, own work did not end either: this device itself hangs. Its
  // communicator is then not aborted but left to the end of the process: NCCL would wait for the
  // device.
  bool hangs() const { return hangs_; }

 private:
  NcclCommunicator(const NcclFunctions& nccl, cudaEvent_t own_work, double deadline_seconds)
      : nccl_(nccl), own_work_(own_work), deadline_seconds_(deadline_seconds) {}
  // The error of `result`, of the call at `place`, which may still be in progress.
  Status Check(ncclResult_t result, const Place& place);
  // And until it no longer is.
  Status Settle(ncclResult_t result, const Place& place);
  // One look at the communicator; whether it is still busy.
  Status Poll(const Place& place, bool* busy);
  Status Late(const Wait& wait, const Place& place);
  Status Broken(Status status);
  void Abort();

  const NcclFunctions& nccl_;
  const cudaEvent_t own_work_;
  double deadline_seconds_;
  ncclComm_t comm_ = nullptr;
  Status broken_;
  bool hangs_ = false;
  std::optional<Place> begun_;  // a call that may still be in progress
};

}  // namespace chorus::worker::cuda
