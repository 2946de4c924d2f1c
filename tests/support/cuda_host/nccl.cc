// The functions of include/nccl.h. Work of a communicator runs on the stream that it is given, and
// starts only once a poll of ncclCommGetAsyncError has ended "in progress", as NCCL may do it: who
// records an event before that does so too early. Communicators that block are not emulated.

#include "nccl.h"

#include <sys/random.h>

#include <atomic>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/strings.h"
#include "tests/support/cuda_host/call_log.h"
#include "tests/support/cuda_host/hang.h"
#include "tests/support/cuda_host/nccl_work.h"

using chorus::cuda_host::CountHandle;
using chorus::cuda_host::EnterCall;
using chorus::cuda_host::NcclGroup;
using chorus::cuda_host::NcclShared;

namespace {

constexpr int kPollsInProgress = 2;  // of each group that is started, when nothing blocks

// Groups that this thread has begun, and what they hold.
thread_local int group_depth = 0;
thread_local std::vector<NcclGroup> pending;
thread_local ncclResult_t group_error = ncclSuccess;  // of a call in them: none of it starts

ncclResult_t Noted(ncclResult_t result) {
  if (group_depth > 0 && result != ncclSuccess && group_error == ncclSuccess) group_error = result;
  return result;
}

}  // namespace

struct ncclComm {
  std::shared_ptr<NcclShared> shared;
  std::thread connecting;
  std::atomic<bool> connected = false;
  int polls = 0;                  // that still say "in progress"
  std::vector<NcclGroup> queued;  // until then
  std::string last_error;         // as it was told

  bool finalizing = false;

  bool busy() const { return !connected || polls > 0 || (finalizing && shared->unfinished > 0); }
  void Start() {
    for (NcclGroup& group : queued) {
      ++shared->unfinished;
      chorus::cuda_host::Enqueue(group.stream, [kept = shared, group] {
        chorus::cuda_host::RunNcclGroup(kept.get(), group);
        --kept->unfinished;
      });
    }
    queued.clear();
  }
};

namespace {

ncclResult_t Submit(NcclGroup group) {
  ncclComm_t const comm = group.comm;
  comm->queued.push_back(std::move(group));
  comm->polls = kPollsInProgress;
  return ncclInProgress;
}

// The group that an operation belongs to: the open one of its communicator and stream, or its own.
ncclResult_t Add(ncclComm_t comm, cudaStream_t stream,
                 const std::function<void(NcclGroup*)>& append) {
  if (comm == nullptr || stream == nullptr) return ncclInvalidArgument;
  if (comm->busy()) return ncclInvalidUsage;
  if (group_depth == 0) {
    NcclGroup own;
    own.comm = comm;
    own.stream = stream;
    append(&own);
    return Submit(std::move(own));
  }
  for (NcclGroup& group : pending) {
    if (group.comm == comm && group.stream == stream) {
      append(&group);
      return ncclSuccess;
    }
  }
  NcclGroup& group = pending.emplace_back();
  group.comm = comm;
  group.stream = stream;
  append(&group);
  return ncclSuccess;
}

ncclResult_t AddTransfer(bool is_send, void* data, size_t count, ncclDataType_t type, int peer,
                         ncclComm_t comm, cudaStream_t stream) {
  const size_t bytes = count * chorus::cuda_host::BytesOf(type);
  if (comm == nullptr || peer < 0 || peer >= comm->shared->mesh.ranks() ||
      peer == comm->shared->mesh.rank() || !chorus::cuda_host::IsDeviceMemory(data, bytes)) {
    return ncclInvalidArgument;
  }
  return Add(comm, stream, [&](NcclGroup* group) {
    group->transfers.push_back({is_send, peer, static_cast<char*>(data), bytes});
  });
}

void Free(ncclComm_t comm) {
  if (comm->connecting.joinable()) comm->connecting.join();
  delete comm;
  CountHandle(-1);
}

}  // namespace

#define ENTER_NCCL_CALL()                                        \
  if (const int injected = EnterCall(__func__); injected != 0) { \
    return Noted(static_cast<ncclResult_t>(injected));           \
  }

ncclResult_t ncclGetVersion(int* version) {
  ENTER_NCCL_CALL();
  *version = NCCL_VERSION_CODE;
  return ncclSuccess;
}

const char* ncclGetErrorString(ncclResult_t result) {
  switch (result) {
    case ncclSuccess:
      return "no error";
    case ncclUnhandledCudaError:
      return "unhandled cuda error";
    case ncclSystemError:
      return "unhandled system error";
    case ncclInternalError:
      return "internal error";
    case ncclInvalidArgument:
      return "invalid argument";
    case ncclInvalidUsage:
      return "invalid usage";
    case ncclRemoteError:
      return "remote process exited or there was a network error";
    case ncclInProgress:
      return "NCCL operation in progress";
  }
  return "unknown result code";
}

const char* ncclGetLastError(ncclComm_t comm) {
  if (comm == nullptr) return "";
  const std::lock_guard lock(comm->shared->mutex);
  comm->last_error = comm->shared->reason;
  return comm->last_error.c_str();
}

ncclResult_t ncclGetUniqueId(ncclUniqueId* id) {
  ENTER_NCCL_CALL();
  uint64_t random[2] = {};
  if (getrandom(random, sizeof(random), 0) != sizeof(random)) return ncclSystemError;
  const std::string name = chorus::StrCat("chorus-nccl-", random[0], "-", random[1]);
  *id = {};
  std::memcpy(id->internal, name.data(), name.size());
  return ncclSuccess;
}

ncclResult_t ncclCommInitRankConfig(ncclComm_t* comm, int ranks, ncclUniqueId id, int rank,
                                    ncclConfig_t* config) {
  ENTER_NCCL_CALL();
  if (rank < 0 || rank >= ranks) return ncclInvalidArgument;
  if (config == nullptr || config->blocking != 0) return ncclInvalidUsage;  // not emulated
  auto* const made = new ncclComm();
  made->shared = std::make_shared<NcclShared>(id.internal, rank, ranks);
  made->connecting = std::thread([made, shared = made->shared] {
    if (const std::string error = shared->mesh.Connect(); !error.empty()) {
      shared->Fail(ncclSystemError, error);
    }
    made->connected = true;
  });
  *comm = made;
  CountHandle(1);
  return ncclInProgress;
}

ncclResult_t ncclCommGetAsyncError(ncclComm_t comm, ncclResult_t* error) {
  ENTER_NCCL_CALL();
  // A communicator that is left, with its device, leaves no thread.
  if (comm->connected && comm->connecting.joinable()) comm->connecting.join();
  *error = static_cast<ncclResult_t>(comm->shared->error.load());
  if (*error != ncclSuccess) return ncclSuccess;
  if (comm->polls > 0 && --comm->polls == 0) comm->Start();
  if (comm->busy()) *error = ncclInProgress;
  return ncclSuccess;
}

// In progress until all work is done.
ncclResult_t ncclCommFinalize(ncclComm_t comm) {
  ENTER_NCCL_CALL();
  if (comm->busy()) return ncclInvalidUsage;
  comm->finalizing = true;
  comm->polls = kPollsInProgress;
  return ncclInProgress;
}

ncclResult_t ncclCommDestroy(ncclComm_t comm) {
  ENTER_NCCL_CALL();
  chorus::cuda_host::WaitForHungKernel();
  Free(comm);
  return ncclSuccess;
}

ncclResult_t ncclCommAbort(ncclComm_t comm) {
  ENTER_NCCL_CALL();
  chorus::cuda_host::WaitForHungKernel();
  comm->shared->mesh.Abort();
  Free(comm);
  return ncclSuccess;
}

ncclResult_t ncclGroupStart() {
  ENTER_NCCL_CALL();
  ++group_depth;
  return ncclSuccess;
}

ncclResult_t ncclGroupEnd() {
  if (group_depth == 0) return ncclInvalidUsage;
  if (--group_depth > 0) return ncclSuccess;
  std::vector<NcclGroup> groups = std::exchange(pending, {});
  ncclResult_t result = std::exchange(group_error, ncclSuccess);
  if (result != ncclSuccess) return result;
  ENTER_NCCL_CALL();
  for (NcclGroup& group : groups) {
    const ncclResult_t submitted = Submit(std::move(group));
    if (result == ncclSuccess) result = submitted;
  }
  return result;
}

ncclResult_t ncclSend(const void* from, size_t count, ncclDataType_t type, int peer,
                      ncclComm_t comm, cudaStream_t stream) {
  ENTER_NCCL_CALL();
  return Noted(AddTransfer(true, const_cast<void*>(from), count, type, peer, comm, stream));
}

ncclResult_t ncclRecv(void* to, size_t count, ncclDataType_t type, int peer, ncclComm_t comm,
                      cudaStream_t stream) {
  ENTER_NCCL_CALL();
  return Noted(AddTransfer(false, to, count, type, peer, comm, stream));
}

ncclResult_t ncclAllReduce(const void* from, void* to, size_t count, ncclDataType_t type,
                           ncclRedOp_t op, ncclComm_t comm, cudaStream_t stream) {
  ENTER_NCCL_CALL();
  const size_t bytes = count * chorus::cuda_host::BytesOf(type);
  if (op != ncclSum || !chorus::cuda_host::IsDeviceMemory(from, bytes) ||
      !chorus::cuda_host::IsDeviceMemory(to, bytes)) {
    return Noted(ncclInvalidArgument);
  }
  return Noted(Add(comm, stream, [&](NcclGroup* group) {
    group->reductions.push_back(
        {static_cast<const char*>(from), static_cast<char*>(to), count, type});
  }));
}
