#include "worker/cuda/nccl_communicator.h"

#include <algorithm>
#include <chrono>

#include "common/backoff.h"
#include "common/strings.h"

namespace chorus::worker::cuda {
namespace {

constexpr double kLastWords = 2;  // seconds that an end may take: a lost peer needs no more

class Deadline {
 public:
  explicit Deadline(double seconds) : seconds_(seconds), begin_(std::chrono::steady_clock::now()) {}
  bool passed() const {
    const std::chrono::duration<double> waited = std::chrono::steady_clock::now() - begin_;
    return waited.count() > seconds_;
  }
  Status Error(const Place& place) const {
    return DeadlineExceeded(StrCat(Describe("no end", place), " within ", seconds_, " s"));
  }

 private:
  const double seconds_;
  const std::chrono::steady_clock::time_point begin_;
};

}  // namespace

// The place of a call of NCCL, which must be settled before the next.
#define NCCL_RETURN_IF_ERROR(call) RETURN_IF_ERROR(Check((call), {__FILE__, __LINE__, #call}))

Result<std::unique_ptr<NcclCommunicator>> NcclCommunicator::Open(const NcclFunctions& nccl,
                                                                 const ncclUniqueId& id, int rank,
                                                                 int ranks,
                                                                 double deadline_seconds) {
  std::unique_ptr<NcclCommunicator> made(new NcclCommunicator(nccl, deadline_seconds));
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;
  const ncclResult_t result = nccl.ncclCommInitRankConfig(&made->comm_, ranks, id, rank, &config);
  RETURN_IF_ERROR(made->Settle(result, {__FILE__, __LINE__, "ncclCommInitRankConfig"}));
  return made;
}

NcclCommunicator::~NcclCommunicator() {
  if (comm_ == nullptr) return;
  deadline_seconds_ = std::min(deadline_seconds_, kLastWords);
  const Place place = {__FILE__, __LINE__, "ncclCommFinalize"};
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
  const Deadline deadline(deadline_seconds_);
  Backoff backoff;
  for (bool busy = true; busy;) {
    RETURN_IF_ERROR(Poll(place, &busy));
    if (busy && deadline.passed()) return Broken(deadline.Error(place));
    if (busy) backoff.Pause();
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
  const ncclResult_t ended = nccl_.ncclGroupEnd();  // also of a group that has failed
  return Check(result == ncclSuccess || result == ncclInProgress ? ended : result, place);
}

Status NcclCommunicator::Sum(const float* from, float* to, size_t count, cudaStream_t stream) {
  RETURN_IF_ERROR(Settle());
  NCCL_RETURN_IF_ERROR(nccl_.ncclAllReduce(from, to, count, ncclFloat32, ncclSum, comm_, stream));
  return Status::Ok();
}

Status NcclCommunicator::Wait(cudaEvent_t event) {
  RETURN_IF_ERROR(broken_);
  const Place place = {__FILE__, __LINE__, "sums of devices"};
  const Deadline deadline(deadline_seconds_);
  Backoff backoff;
  for (;;) {
    const cudaError_t error = cudaEventQuery(event);
    bool busy = false;
    RETURN_IF_ERROR(Poll(place, &busy));
    if (error == cudaSuccess) return Status::Ok();
    if (error != cudaErrorNotReady) {
      return Broken(StatusOf(error, {__FILE__, __LINE__, "cudaEventQuery"}));
    }
    static_cast<void>(cudaGetLastError());  // an answer, but kept like an error
    if (deadline.passed()) return Broken(deadline.Error(place));
    backoff.Pause();
  }
}

Status NcclCommunicator::Broken(Status status) {
  broken_ = std::move(status);
  Abort();
  return broken_;
}

void NcclCommunicator::Abort() {
  if (comm_ != nullptr) static_cast<void>(nccl_.ncclCommAbort(comm_));
  comm_ = nullptr;
}

}  // namespace chorus::worker::cuda
