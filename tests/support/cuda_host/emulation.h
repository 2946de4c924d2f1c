#pragma once
// What tests ask of the emulated CUDA: what was called, and to fail on demand. The state is the
// process's. Thread safety: any thread.

#include <cstdint>
#include <map>
#include <string>

namespace chorus::cuda_host {

// What was counted since the last ResetCounters.
struct Counters {
  std::map<std::string, uint64_t> calls;  // by name of the function
  // Kernels launched one by one; matrix products are calls of cublasLtMatmul, which counts in
  // captures, too.
  uint64_t launches = 0;
  uint64_t graphs = 0;           // launches of graphs
  uint64_t graph_nodes = 0;      // in them: kernels, products, fills and copies
  uint64_t product_flops = 0;    // 2 M N K of each product that was done
  uint64_t bytes_to_device = 0;  // copied
  uint64_t bytes_to_host = 0;
  uint64_t bytes_on_device = 0;
};
Counters ReadCounters();
void ResetCounters();

// The nth call (from 1) of `function` from now on returns `error` once and does nothing. "NCCL's
// work": the nth group of a communicator fails while it runs, as an asynchronous error.
void FailCall(const std::string& function, uint64_t nth, int error);
// Forgets a failure that has not happened. Returns whether there was one.
bool ClearFailure();

// What has been made and not yet destroyed.
struct LiveObjects {
  uint64_t device_allocations = 0;
  uint64_t pinned_allocations = 0;
  // Streams, events, graphs, handles and descriptors of cublasLt, communicators.
  uint64_t handles = 0;
  friend bool operator==(const LiveObjects&, const LiveObjects&) = default;
};
LiveObjects ReadLiveObjects();
void ForgetLiveObjects();  // what a device that hangs has left

// Devices found from now on; at first what CHORUS_CUDA_HOST_DEVICES says, else 1. All of them are
// this machine.
void SetDevices(int devices);
// Whether a library of NCCL is found from now on; true at first (unless CHORUS_CUDA_HOST_NO_NCCL is
// set).
void SetNccl(bool found);
bool HasNccl();
// Whether streams made from now on are threads, so that a missing event is a data race. False at
// first (unless CHORUS_CUDA_HOST_ASYNC is set): work is then done where it is enqueued, and a
// thread whose NCCL work waits for a rank that never comes waits for ever.
void SetAsynchronous(bool asynchronous);
// When streams made from now on do their work. Late: when the host waits for it, or another stream
// for an event behind it, so that what no event orders is done in another order than it was
// enqueued, on every run. For streams that one thread of the host uses.
enum class StreamOrder {
  kAtOnce,
  kThreads,  // SetAsynchronous
  kAllLate,
  kFirstAtOnce,  // the first that is made from now on; the others are late
  kSecondAtOnce,
  kThirdAtOnce,
};
void SetStreamOrder(StreamOrder order);
// The nth cudaStreamWaitEvent (from 1) from now on does nothing.
void DropWait(uint64_t nth);

// The nth kernel (from 1) that is launched on `device` from now on never ends, until ReleaseKernel:
// what is behind it on its stream is not done, and calls that take or free memory of that device,
// on its own thread, do not return. A program is told by CHORUS_CUDA_HOST_HANG=device:nth. For
// asynchronous streams.
void HangKernel(int device, uint64_t nth = 1);
void ReleaseKernel();

}  // namespace chorus::cuda_host
