#include "worker/cuda/nccl_communicator.h"

#include <algorithm>

#include "common/strings.h"
#include "worker/cuda/wait.h"

namespace chorus::worker::cuda {

// Returns the error of a call of NCCL. The call may still be in progress afterwards, and must be
// settled before the next one: a non-blocking communicator allows one call at a time.
#define NCCL_RETURN_IF_ERROR(call) RETURN_IF_ERROR(Check((call), {__FILE__, __LINE__, #call}))

Result<std::unique_ptr<NcclCommunicator>> NcclCommunicator::Open(const NcclFunctions& nccl,
                                                                 const ncclUniqueId& id, int rank,
                                                                 int ranks, cudaEvent_t own_work,
                                                                 double deadline_seconds) {
  std::unique_ptr<NcclCommunicator> made(new NcclCommunicator(nccl, own_work, deadline_seconds));
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;
  const ncclResult_t result = nccl.ncclCommInitRankConfig(&made->comm_, ranks, id, rank, &config);
  RETURN_IF_ERROR(made->Settle(result, {__FILE__, __LINE__, "ncclCommInitRankConfig"}));
  return made;
}

NcclCommunicator::~NcclCommunicator() {
  if (comm_ == nullptr || hangs_) return;  // where the device hangs, NCCL would wait for it
  deadline_seconds_ = std::min(deadline_seconds_, kLastWords);
  const Place place = {__FILE__, __LINE__, "ncclCommFinalize"};
  // A Settle that fails has aborted the communicator.
  if (!Settle().ok()) return;
  if (!Settle(nccl_.ncclCommFinalize(comm_), place).ok()) return;
  static_cast<void>(nccl_.ncclCommDestroy(comm_));
}

Status NcclCommunicator::Poll(const Place& place, bool* busy) {
  ncclResult_t state = ncclSuccess;
  const ncclResult_t result = nccl_.ncclCommGetAsyncError(comm_, &state);
  if (result != ncclSuccess) {
    const std::string text = nccl_.ncclGetErrorString(result);
    return Broken(Internal(Describe(text, {__FILE__, __LINE__, "ncclCommGetAsyncError"})));
  }
  *busy = state == ncclInProgress;
  if (state == ncclSuccess || state == ncclInProgress) return Status::Ok();
  const std::string last = nccl_.ncclGetLastError(comm_);
  const std::string text =
      Describe(StrCat(nccl_.ncclGetErrorString(state), last.empty() ? "" : ", ", last), place);
  return Broken(state == ncclRemoteError ? Unavailable(text) : Internal(text));
}

Status NcclCommunicator::Check(ncclResult_t result, const Place& place) {
  RETURN_IF_ERROR(broken_);
  if (result != ncclSuccess && result != ncclInProgress) {
    const std::string last = comm_ == nullptr ? "" : nccl_.ncclGetLastError(comm_);
    return Broken(Internal(
        Describe(StrCat(nccl_.ncclGetErrorString(result), last.empty() ? "" : ", ", last), place)));
  }
  if (result == ncclInProgress) begun_ = place;
  return Status::Ok();
}

Status NcclCommunicator::Settle(ncclResult_t result, const Place& place) {
  RETURN_IF_ERROR(Check(result, place));
  return Settle();
}

Status NcclCommunicator::Settle() {
  RETURN_IF_ERROR(broken_);
  if (!begun_.has_value()) return Status::Ok();
  const Place place = *begun_;
  const Wait wait(deadline_seconds_);
  for (bool busy = true; busy;) {
    RETURN_IF_ERROR(Poll(place, &busy));
    if (busy && wait.passed()) return Broken(wait.Late(place));
    if (busy) wait.Pause();
  }
  begun_.reset();
  return Status::Ok();
}

Status NcclCommunicator::Exchange(std::span<const NcclMessage> messages, cudaStream_t stream) {
  RETURN_IF_ERROR(Settle());
  if (messages.empty()) return Status::Ok();
  NCCL_RETURN_IF_ERROR(nccl_.ncclGroupStart());
  ncclResult_t result = ncclSuccess;
  Place place = {__FILE__, __LINE__, "ncclGroupEnd"};
  for (const NcclMessage& m : messages) {
    result = m.is_send ? nccl_.ncclSend(m.data, m.count, ncclFloat32, m.peer, comm_, stream)
                       : nccl_.ncclRecv(m.data, m.count, ncclFloat32, m.peer, comm_, stream);
    if (result == ncclSuccess || result == ncclInProgress) continue;
    place = {__FILE__, __LINE__, m.is_send ? "ncclSend" : "ncclRecv"};
    break;
  }
  // A group that was begun must be ended, even if one of its messages failed: NCCL keeps groups by
  // thread, and the next call of this thread would belong to it.
  const ncclResult_t ended = nccl_.ncclGroupEnd();
  return Check(result == ncclSuccess || result == ncclInProgress ? ended : result, place);
}

Status NcclCommunicator::Sum(const float* from, float* to, size_t count, cudaStream_t stream) {
  RETURN_IF_ERROR(Settle());
  NCCL_RETURN_IF_ERROR(nccl_.ncclAllReduce(from, to, count, ncclFloat32, ncclSum, comm_, stream));
  return Status::Ok();
}

Status NcclCommunicator::WaitFor(cudaEvent_t event, double at_most) {
  RETURN_IF_ERROR(broken_);
  const Place place = {__FILE__, __LINE__, "sums of devices"};
  const Wait wait(std::min(at_most, deadline_seconds_));
  for (;;) {
    // The event is asked first: if it is done, and the communicator has no error even after that,
    // the sums are right. Errors of peers are found here even if the event never ends.
    const Result<bool> done = IsDone(event);
    bool busy = false;
    RETURN_IF_ERROR(Poll(place, &busy));
    if (!done.ok()) return Broken(done.status());
    if (*done) return Status::Ok();
    if (wait.passed()) return Late(wait, place);
    wait.Pause();
  }
}

// Says who is late. own_work_ waits only for what this device computes: if it is not done, this
// device hangs; if it is done, another one is late.
Status NcclCommunicator::Late(const Wait& wait, const Place& place) {
  const Result<bool> done = IsDone(own_work_);
  hangs_ = done.ok() && !*done;
  if (hangs_) return Broken(wait.Hangs("what it computes", place));
  return Broken(DeadlineExceeded(StrCat(
      wait.Late(place).message(), ": this device has done its part, another worker's has not")));
}

Status NcclCommunicator::Broken(Status status) {
  broken_ = std::move(status);
  Abort();
  return broken_;
}

// ncclCommAbort frees memory, which waits for all that the device does: it may be called only when
// the device's own work is done or about to be.
void NcclCommunicator::Abort() {
  if (comm_ == nullptr || hangs_) return;
  static_cast<void>(cuda::WaitFor(own_work_, "what it computes", kLastWords, &hangs_));
  if (hangs_) return;
  static_cast<void>(nccl_.ncclCommAbort(comm_));
  comm_ = nullptr;
}

}  // namespace chorus::worker::cuda
