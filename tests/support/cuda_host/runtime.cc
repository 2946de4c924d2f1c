// The functions of include/cuda_runtime.h. The default stream is not emulated: every call names
// one.

#include <cstdio>
#include <cstring>
#include <utility>

#include "cuda_runtime.h"
#include "tests/support/cuda_host/block_runner.h"
#include "tests/support/cuda_host/call_log.h"
#include "tests/support/cuda_host/emulation.h"
#include "tests/support/cuda_host/hang.h"
#include "tests/support/cuda_host/runtime_call.h"
#include "tests/support/cuda_host/stream.h"

using chorus::cuda_host::CountHandle;
using chorus::cuda_host::Failed;
using chorus::cuda_host::MemoryKind;
using chorus::cuda_host::WorkCount;

thread_local uint3 threadIdx, blockIdx;
thread_local dim3 blockDim, gridDim;

namespace {

constexpr int kVersion = 13000;
constexpr size_t kDeviceBytes = size_t{8} << 30;
thread_local cudaError_t last_error = cudaSuccess;

// The devices of a process share their memory: one may take what the others leave.
size_t FreeBytes() {
  const size_t all = kDeviceBytes * static_cast<size_t>(chorus::cuda_host::Devices());
  const size_t taken = chorus::cuda_host::BytesOf(MemoryKind::kDevice);
  return taken < all ? all - taken : 0;
}

// Whether both ends are where the direction says.
bool IsDirection(const void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
  const bool to_device = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
  const bool from_device = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
  const auto fits = [&](const void* memory, bool device) {
    return device ? chorus::cuda_host::IsDeviceMemory(memory, bytes)
                  : !chorus::cuda_host::TouchesDeviceMemory(memory, bytes);
  };
  return fits(to, to_device) && fits(from, from_device);
}

bool IsLaunchable(const cudaLaunchConfig_t& config) {
  const uint64_t threads = uint64_t{config.blockDim.x} * config.blockDim.y * config.blockDim.z;
  const dim3& grid = config.gridDim;
  return threads > 0 && threads <= 1024 && config.blockDim.z <= 64 && grid.x > 0 &&
         grid.x <= 0x7fffffff && grid.y > 0 && grid.y <= 65535 && grid.z > 0 && grid.z <= 65535 &&
         config.dynamicSmemBytes <= 48 << 10;
}

void RunGrid(const cudaLaunchConfig_t& config, const std::function<void()>& body) {
  blockDim = config.blockDim;
  gridDim = config.gridDim;
  const uint32_t threads = blockDim.x * blockDim.y * blockDim.z;
  const auto set_thread = [](uint32_t t) {
    threadIdx = {t % blockDim.x, t / blockDim.x % blockDim.y, t / blockDim.x / blockDim.y};
  };
  auto& runner = chorus::cuda_host::BlockRunner::OfThisThread();
  for (unsigned z = 0; z < gridDim.z; ++z) {
    for (unsigned y = 0; y < gridDim.y; ++y) {
      for (unsigned x = 0; x < gridDim.x; ++x) {
        blockIdx = {x, y, z};
        runner.Run(threads, config.dynamicSmemBytes, body, set_thread);
      }
    }
  }
}

}  // namespace

namespace chorus::cuda_host {

cudaError_t Failed(cudaError_t error) {
  if (error != cudaSuccess) last_error = error;
  return error;
}

cudaError_t LaunchBlocks(const cudaLaunchConfig_t& config, std::function<void()> body) {
  if (const int injected = EnterCall("cudaLaunchKernelExC"); injected != 0) {
    return Failed(static_cast<cudaError_t>(injected));
  }
  if (!IsLaunchable(config)) return Failed(cudaErrorInvalidConfiguration);
  if (config.stream == nullptr) return Failed(cudaErrorInvalidResourceHandle);
  if (!config.stream->capturing()) LaunchedKernel(config.stream);
  config.stream->Enqueue([config, body = std::move(body)] { RunGrid(config, body); },
                         {.kernels = 1});
  return cudaSuccess;
}

void Enqueue(cudaStream_t stream, std::function<void()> work, uint64_t product_flops) {
  stream->Enqueue(std::move(work), {.product_flops = product_flops});
}

void* DynamicShared() { return BlockRunner::OfThisThread().dynamic_shared(); }
void BlockBarrier() { BlockRunner::OfThisThread().BlockBarrier(); }
void WarpBarrier(uint32_t mask) { BlockRunner::OfThisThread().WarpBarrier(mask); }
uint32_t Lane() { return BlockRunner::OfThisThread().lane(); }
uint64_t* WarpSlots() { return BlockRunner::OfThisThread().warp_slots(); }

}  // namespace chorus::cuda_host

const char* cudaGetErrorName(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return "cudaSuccess";
    case cudaErrorInvalidValue:
      return "cudaErrorInvalidValue";
    case cudaErrorMemoryAllocation:
      return "cudaErrorMemoryAllocation";
    case cudaErrorInvalidConfiguration:
      return "cudaErrorInvalidConfiguration";
    case cudaErrorInvalidMemcpyDirection:
      return "cudaErrorInvalidMemcpyDirection";
    case cudaErrorInsufficientDriver:
      return "cudaErrorInsufficientDriver";
    case cudaErrorNoDevice:
      return "cudaErrorNoDevice";
    case cudaErrorInvalidDevice:
      return "cudaErrorInvalidDevice";
    case cudaErrorNoKernelImageForDevice:
      return "cudaErrorNoKernelImageForDevice";
    case cudaErrorInvalidResourceHandle:
      return "cudaErrorInvalidResourceHandle";
    case cudaErrorLaunchFailure:
      return "cudaErrorLaunchFailure";
    case cudaErrorIllegalState:
      return "cudaErrorIllegalState";
    case cudaErrorNotSupported:
      return "cudaErrorNotSupported";
    case cudaErrorStreamCaptureUnsupported:
      return "cudaErrorStreamCaptureUnsupported";
    case cudaErrorStreamCaptureInvalidated:
      return "cudaErrorStreamCaptureInvalidated";
    case cudaErrorStreamCaptureIsolation:
      return "cudaErrorStreamCaptureIsolation";
    case cudaErrorCapturedEvent:
      return "cudaErrorCapturedEvent";
    case cudaErrorStreamCaptureWrongThread:
      return "cudaErrorStreamCaptureWrongThread";
    case cudaErrorNotReady:
      return "cudaErrorNotReady";
    case cudaErrorIllegalAddress:
      return "cudaErrorIllegalAddress";
    case cudaErrorUnknown:
      return "cudaErrorUnknown";
  }
  return "cudaErrorUnknown";  // of a number that a test makes up
}
const char* cudaGetErrorString(cudaError_t error) { return cudaGetErrorName(error); }
cudaError_t cudaGetLastError() { return std::exchange(last_error, cudaSuccess); }

cudaError_t cudaDriverGetVersion(int* version) {
  ENTER_CALL();
  *version = kVersion;
  return cudaSuccess;
}
cudaError_t cudaRuntimeGetVersion(int* version) {
  ENTER_CALL();
  *version = kVersion;
  return cudaSuccess;
}
cudaError_t cudaGetDeviceCount(int* count) {
  ENTER_CALL();
  *count = chorus::cuda_host::Devices();
  return *count > 0 ? cudaSuccess : Failed(cudaErrorNoDevice);
}
cudaError_t cudaSetDevice(int device) {
  ENTER_CALL();
  const bool known = device >= 0 && device < chorus::cuda_host::Devices();
  if (!known) return Failed(cudaErrorInvalidDevice);
  chorus::cuda_host::SetCurrentDevice(device);
  return cudaSuccess;
}
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, const void*) {
  ENTER_CALL();
  *attributes = {};
  return cudaSuccess;
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  ENTER_CALL();
  if (device < 0 || device >= chorus::cuda_host::Devices()) return Failed(cudaErrorInvalidDevice);
  *properties = {};
  std::snprintf(properties->name, sizeof(properties->name), "emulated on the host");
  properties->uuid.bytes[15] = static_cast<char>(device);
  properties->totalGlobalMem = kDeviceBytes;
  properties->major = 9;
  properties->multiProcessorCount = 1;
  return cudaSuccess;
}
cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  ENTER_CALL();
  *free = FreeBytes();
  *total = kDeviceBytes * static_cast<size_t>(chorus::cuda_host::Devices());
  return cudaSuccess;
}

cudaError_t cudaMalloc(void** memory, size_t bytes) {
  ENTER_UNSAFE_CALL();
  chorus::cuda_host::WaitForHungKernel();
  if (bytes > FreeBytes()) return Failed(cudaErrorMemoryAllocation);
  *memory = bytes == 0 ? nullptr : AllocateMemory(MemoryKind::kDevice, bytes);
  return bytes == 0 || *memory != nullptr ? cudaSuccess : Failed(cudaErrorMemoryAllocation);
}
cudaError_t cudaFree(void* memory) {
  ENTER_UNSAFE_CALL();
  chorus::cuda_host::WaitForHungKernel();
  if (memory == nullptr || FreeMemory(MemoryKind::kDevice, memory)) return cudaSuccess;
  return Failed(cudaErrorInvalidValue);
}
cudaError_t cudaHostAlloc(void** memory, size_t bytes, unsigned) {
  ENTER_UNSAFE_CALL();
  chorus::cuda_host::WaitForHungKernel();
  *memory = bytes == 0 ? nullptr : AllocateMemory(MemoryKind::kPinned, bytes);
  return bytes == 0 || *memory != nullptr ? cudaSuccess : Failed(cudaErrorMemoryAllocation);
}
cudaError_t cudaFreeHost(void* memory) {
  ENTER_UNSAFE_CALL();
  chorus::cuda_host::WaitForHungKernel();
  if (memory == nullptr || FreeMemory(MemoryKind::kPinned, memory)) return cudaSuccess;
  return Failed(cudaErrorInvalidValue);
}
cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  ENTER_CALL();
  if (bytes == 0) return cudaSuccess;
  if (stream == nullptr) return Failed(cudaErrorInvalidResourceHandle);
  if (!IsDirection(to, from, bytes, kind)) return Failed(cudaErrorInvalidMemcpyDirection);
  WorkCount count;
  if (kind == cudaMemcpyHostToDevice) count.bytes_to_device = bytes;
  if (kind == cudaMemcpyDeviceToHost) count.bytes_to_host = bytes;
  if (kind == cudaMemcpyDeviceToDevice) count.bytes_on_device = bytes;
  // Other memory is copied by way of the driver's own, inside the call.
  const void* const host = kind == cudaMemcpyHostToDevice ? from : to;
  const bool waits =
      kind != cudaMemcpyDeviceToDevice && !chorus::cuda_host::IsPinnedMemory(host, bytes);
  if (waits && stream->capturing()) {
    stream->SpoilCapture();
    return Failed(cudaErrorStreamCaptureUnsupported);
  }
  stream->Enqueue([to, from, bytes] { std::memcpy(to, from, bytes); }, count);
  if (waits) stream->Synchronize();
  return cudaSuccess;
}
cudaError_t cudaMemsetAsync(void* memory, int value, size_t bytes, cudaStream_t stream) {
  ENTER_CALL();
  if (bytes == 0) return cudaSuccess;
  if (stream == nullptr) return Failed(cudaErrorInvalidResourceHandle);
  if (!chorus::cuda_host::IsDeviceMemory(memory, bytes)) return Failed(cudaErrorInvalidValue);
  stream->Enqueue([memory, value, bytes] { std::memset(memory, value, bytes); });
  return cudaSuccess;
}

cudaError_t cudaDeviceGetStreamPriorityRange(int* least, int* greatest) {
  ENTER_CALL();
  *least = 0;
  *greatest = -5;
  return cudaSuccess;
}
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  ENTER_CALL();
  *stream = new CUstream_st(chorus::cuda_host::NextStreamsWork());
  CountHandle(1);
  return cudaSuccess;
}
cudaError_t cudaStreamCreateWithPriority(cudaStream_t* stream, unsigned, int priority) {
  ENTER_CALL();
  if (priority > 0 || priority < -5) return Failed(cudaErrorInvalidValue);
  *stream = new CUstream_st(chorus::cuda_host::NextStreamsWork());
  CountHandle(1);
  return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  ENTER_CALL();
  delete stream;
  CountHandle(-1);
  return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  ENTER_UNSAFE_CALL();
  stream->Synchronize();
  return cudaSuccess;
}
// Who asks waits: streams that work late do all of it.
cudaError_t cudaStreamQuery(cudaStream_t stream) {
  ENTER_UNSAFE_CALL();
  stream->DoUntil([] { return false; });
  return stream->IsIdle() ? cudaSuccess : Failed(cudaErrorNotReady);
}
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  ENTER_CALL();
  if (stream->capturing() != event->captured) {
    if (!stream->capturing()) return Failed(cudaErrorNotSupported);  // it would be captured too
    stream->SpoilCapture();
    return Failed(cudaErrorStreamCaptureIsolation);
  }
  if (stream->capturing()) return cudaSuccess;  // what it waits for comes before it in the line
  if (chorus::cuda_host::IsDroppedWait()) return cudaSuccess;
  stream->Enqueue([event = event->self, recording = event->last()] { event->WaitFor(recording); });
  return cudaSuccess;
}
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags) {
  ENTER_CALL();
  const auto made = std::make_shared<CUevent_st>();
  made->self = made;
  *event = made.get();
  (*event)->timed = (flags & cudaEventDisableTiming) == 0;
  CountHandle(1);
  return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  ENTER_CALL();
  const std::shared_ptr<CUevent_st> owner = std::move(event->self);
  CountHandle(-1);
  return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  ENTER_CALL();
  event->captured = stream->capturing();
  if (event->captured) return cudaSuccess;
  stream->Enqueue(
      [event = event->self, recording = event->Record(stream)] { event->Reach(recording); });
  return cudaSuccess;
}
// "Not ready" is an answer, and the last error too, as on real devices. Who asks waits: streams
// that work late do some of it.
cudaError_t cudaEventQuery(cudaEvent_t event) {
  ENTER_UNSAFE_CALL();
  if (event->captured) return Failed(cudaErrorCapturedEvent);
  if (event->IsReached()) return cudaSuccess;
  event->Hurry();
  return Failed(cudaErrorNotReady);
}
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  ENTER_UNSAFE_CALL();
  if (event->captured) return Failed(cudaErrorCapturedEvent);
  event->WaitFor(event->last());
  return cudaSuccess;
}
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t from, cudaEvent_t to) {
  ENTER_CALL();
  if (from == to || !to->TimeSince(from, milliseconds))
    return Failed(cudaErrorInvalidResourceHandle);
  return cudaSuccess;
}
