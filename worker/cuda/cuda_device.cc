#include "worker/cuda/cuda_device.h"

#include <utility>
#include <vector>

#include "common/check.h"
#include "common/mutex.h"
#include "common/strings.h"
#include "worker/cuda/collective_nccl.h"
#include "worker/cuda/find_device.h"
#include "worker/cuda/graphs.h"
#include "worker/cuda/handles.h"
#include "worker/cuda/kernel_calls.h"
#include "worker/cuda/launch_limit.h"
#include "worker/cuda/matmul.h"
#include "worker/cuda/memory_blocks.h"
#include "worker/cuda/nccl_communicator.h"
#include "worker/cuda/nccl_functions.h"
#include "worker/cuda/scratch_sizes.h"
#include "worker/cuda/wait.h"

namespace chorus::worker::cuda {
namespace {

// All that must not be destroyed when the device hangs. Members are destroyed in reverse order:
// users of a stream before the stream, and memory last.
struct Parts {
  MemoryBlocks memory;
  std::unique_ptr<Matmul> matmul;
  LaunchLimit launch_limit;
  std::vector<Event> marks;
  Event staged[kStagingBuffers];
  Stream copies;
  Stream compute;
  Graphs graphs;                               // of `compute`
  std::unique_ptr<NcclCollective> collective;  // before the stream that it orders ends
};

// Keeps the parts of a device that hangs until the process ends, which is soon after such an error.
// To free the device's memory would wait for the device, and the device may still write the host's.
void KeepForever(std::unique_ptr<Parts> parts) {
  static auto* const mutex = new Mutex();
  static auto* const kept = new std::vector<std::unique_ptr<Parts>>();
  const MutexLock lock(*mutex);
  kept->push_back(std::move(parts));
}

// Memory, copies, waits, and sums with other devices.
class CudaDevice final : public KernelCalls {
 public:
  explicit CudaDevice(const DeviceOptions& options)
      : KernelCalls(options.precision), options_(options) {}
  ~CudaDevice() override;
  Status Open();

  const DeviceInfo& info() const override { return info_; }
  Result<std::byte*> TakeMemory(size_t bytes) override;
  Result<std::byte*> TakeHostMemory(size_t bytes) override;
  Status Upload(const void* host, void* device, size_t bytes) override;
  Status Download(const void* device, void* host, size_t bytes) override;
  Status CopyOnDevice(const void* from, void* to, size_t bytes) override;
  Status Zero(void* device, size_t bytes) override;
  Status Synchronize() override;
  Status Mark(uint32_t mark) override;
  Result<double> SecondsBetween(uint32_t from, uint32_t to) override;
  Status Stage(uint32_t buffer, const void* host, void* device, size_t bytes) override;
  Status TakeStaged(uint32_t buffer) override;

  Result<bool> Replay(std::span<const uint64_t> key,
                      const std::function<Status()>& enqueue) override {
    CountCall();
    RETURN_IF_ERROR(TakeKept());  // of calls before it
    return parts_->graphs.Run(key, [&]() -> Status {
      const Status status = enqueue();
      const Status kept = TakeKept();
      return kept.ok() ? status : kept;
    });
  }
  void ForgetReplays() override { parts_->graphs.Clear(); }

  Status CheckCollective() override { return LoadNccl().status(); }
  Result<std::string> NewCollectiveId() override;
  Result<DeviceCollective*> OpenCollective(const DeviceCollectiveOptions& options) override;

 private:
  Status WaitForLaunched(cudaEvent_t event) override;
  // Sums that have been joined, which wait for other devices.
  Status WaitForSums(double at_most);
  Status WaitForStream(cudaStream_t stream, const char* what);
  // Before every copy between there and the device, in the order of the compute stream.
  Status BeforeCopy(const void* host, size_t bytes);

  const DeviceOptions options_;
  DeviceInfo info_;
  std::unique_ptr<Parts> parts_ = std::make_unique<Parts>();
  bool hangs_ = false;
};

Status CudaDevice::Open() {
  RETURN_IF_ERROR(FindDevice(options_.index, &info_));
  Parts& parts = *parts_;
  CUDA_RETURN_IF_ERROR(cudaStreamCreateWithFlags(parts.compute.receive(), cudaStreamNonBlocking));
  CUDA_RETURN_IF_ERROR(cudaStreamCreateWithFlags(parts.copies.receive(), cudaStreamNonBlocking));
  RETURN_IF_ERROR(parts.launch_limit.Open());
  parts.graphs = Graphs(parts.compute.get(), &info_.plain_replays);
  for (Event& event : parts.staged) {
    CUDA_RETURN_IF_ERROR(cudaEventCreateWithFlags(event.receive(), cudaEventDisableTiming));
  }
  ComputeOn(parts.compute.get(), &parts.launch_limit, nullptr);
  ASSIGN_OR_RETURN(std::byte* const workspace, TakeMemory(kMatmulWorkspaceBytes));
  ASSIGN_OR_RETURN(parts.matmul,
                   Matmul::Create(options_.precision, workspace, kMatmulWorkspaceBytes));
  ComputeOn(parts.compute.get(), &parts.launch_limit, parts.matmul.get());
  return Status::Ok();
}

// What streams still do ends before memory goes; sums that will not end are aborted.
CudaDevice::~CudaDevice() {
  if (!hangs_) static_cast<void>(WaitForSums(NcclCommunicator::kLastWords));
  for (const Stream* stream : {&parts_->copies, &parts_->compute}) {
    if (hangs_ || stream->get() == nullptr) continue;
    static_cast<void>(WaitForStream(stream->get(), "what it was given"));
  }
  if (hangs_) KeepForever(std::move(parts_));
}

Result<std::byte*> CudaDevice::TakeMemory(size_t bytes) {
  if (bytes == 0) return static_cast<std::byte*>(nullptr);
  ASSIGN_OR_RETURN(std::byte* const data, parts_->memory.Take(bytes));
  RETURN_IF_ERROR(Zero(data, bytes));
  // The zeros must be there before a copy on the other stream. Also, taking memory may wait inside
  // CUDA for whatever the device does: now nothing is under way when memory is taken next.
  RETURN_IF_ERROR(WaitForStream(parts_->compute.get(), "zeros in new memory"));
  return data;
}

Result<std::byte*> CudaDevice::TakeHostMemory(size_t bytes) {
  if (bytes == 0) return static_cast<std::byte*>(nullptr);
  ASSIGN_OR_RETURN(std::byte* const data, parts_->memory.TakeHost(bytes));
  info_.plain_bytes = parts_->memory.plain_bytes();
  return data;
}

// CUDA copies memory that is not page-locked through a buffer of its own and waits, inside the
// call, for all that was enqueued before. That is for ever if it waits for a lost worker.
// Synchronize has a deadline.
Status CudaDevice::BeforeCopy(const void* host, size_t bytes) {
  if (parts_->memory.IsPinned(host, bytes)) return Status::Ok();
  return Synchronize();
}

Status CudaDevice::Upload(const void* host, void* device, size_t bytes) {
  if (bytes == 0) return Status::Ok();
  RETURN_IF_ERROR(BeforeCopy(host, bytes));
  return CUDA_ENQUEUED(cudaMemcpyAsync(device, host, bytes, cudaMemcpyHostToDevice, compute()));
}

Status CudaDevice::Stage(uint32_t buffer, const void* host, void* device, size_t bytes) {
  if (bytes == 0) return Status::Ok();
  CUDA_RETURN_IF_ERROR(
      cudaMemcpyAsync(device, host, bytes, cudaMemcpyHostToDevice, parts_->copies.get()));
  CUDA_RETURN_IF_ERROR(cudaEventRecord(parts_->staged[buffer].get(), parts_->copies.get()));
  return Status::Ok();
}

Status CudaDevice::TakeStaged(uint32_t buffer) {
  CUDA_RETURN_IF_ERROR(cudaStreamWaitEvent(compute(), parts_->staged[buffer].get(), 0));
  return Status::Ok();
}

Status CudaDevice::Download(const void* device, void* host, size_t bytes) {
  if (bytes == 0) return Status::Ok();
  RETURN_IF_ERROR(BeforeCopy(host, bytes));
  return CUDA_ENQUEUED(cudaMemcpyAsync(host, device, bytes, cudaMemcpyDeviceToHost, compute()));
}

Status CudaDevice::CopyOnDevice(const void* from, void* to, size_t bytes) {
  if (bytes == 0) return Status::Ok();
  return CUDA_ENQUEUED(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, compute()));
}

Status CudaDevice::Zero(void* device, size_t bytes) {
  return CUDA_ENQUEUED(cudaMemsetAsync(device, 0, bytes, compute()));
}

Status CudaDevice::Synchronize() {
  RETURN_IF_ERROR(TakeKept());
  RETURN_IF_ERROR(WaitForSums(NcclCommunicator::kNoLimit));
  return WaitForStream(parts_->compute.get(), "what it computes");
}

Status CudaDevice::WaitForLaunched(cudaEvent_t event) {
  if (hangs_) return Internal("this device hangs");
  RETURN_IF_ERROR(WaitForSums(NcclCommunicator::kNoLimit));
  return WaitFor(event, "what it computes", options_.deadline_seconds, &hangs_);
}

// The compute stream may wait for other workers' devices. This wait has a deadline for them; a wait
// for the stream alone would blame this device.
Status CudaDevice::WaitForSums(double at_most) {
  if (parts_->collective == nullptr) return Status::Ok();
  const Status status = parts_->collective->WaitForJoined(at_most);
  hangs_ = parts_->collective->hangs();
  return status;
}

Status CudaDevice::WaitForStream(cudaStream_t stream, const char* what) {
  return WaitFor(stream, what, options_.deadline_seconds, &hangs_);
}

Status CudaDevice::Mark(uint32_t mark) {
  while (parts_->marks.size() <= mark) {
    Event event;
    CUDA_RETURN_IF_ERROR(cudaEventCreateWithFlags(event.receive(), cudaEventDefault));
    parts_->marks.push_back(std::move(event));
  }
  CUDA_RETURN_IF_ERROR(cudaEventRecord(parts_->marks[mark].get(), compute()));
  return Status::Ok();
}

Result<double> CudaDevice::SecondsBetween(uint32_t from, uint32_t to) {
  CHECK(from < parts_->marks.size() && to < parts_->marks.size(), "marks ", from, " and ", to);
  float milliseconds = 0;
  CUDA_RETURN_IF_ERROR(
      cudaEventElapsedTime(&milliseconds, parts_->marks[from].get(), parts_->marks[to].get()));
  return static_cast<double>(milliseconds) * 1e-3;
}

Result<std::string> CudaDevice::NewCollectiveId() {
  ASSIGN_OR_RETURN(const NcclFunctions* const nccl, LoadNccl());
  ncclUniqueId id;
  const ncclResult_t result = nccl->ncclGetUniqueId(&id);
  if (result == ncclSuccess) return std::string(id.internal, sizeof(id.internal));
  return Internal(
      Describe(nccl->ncclGetErrorString(result), {__FILE__, __LINE__, "ncclGetUniqueId"}));
}

Result<DeviceCollective*> CudaDevice::OpenCollective(const DeviceCollectiveOptions& options) {
  std::unique_ptr<NcclCollective>& collective = parts_->collective;
  CHECK(collective == nullptr, "a device meets others once");
  ASSIGN_OR_RETURN(const NcclFunctions* const nccl, LoadNccl());
  RETURN_IF_ERROR(Synchronize());  // it takes memory
  collective = NewNcclCollective(options, *nccl, parts_->compute.get());
  const Status status = collective->Open();
  if (status.ok()) return collective.get();
  hangs_ = collective->hangs();
  if (!hangs_) collective = nullptr;
  return status;
}

}  // namespace

Result<std::unique_ptr<Device>> OpenCudaDevice(const DeviceOptions& options) {
  auto device = std::make_unique<CudaDevice>(options);
  if (const Status status = device->Open(); !status.ok()) {
    return status.Annotate(StrCat("rank ", options.rank, ", CUDA device ", device->info().index));
  }
  return std::unique_ptr<Device>(std::move(device));
}

}  // namespace chorus::worker::cuda
