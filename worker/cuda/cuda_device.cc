#include "worker/cuda/cuda_device.h"

#include <utility>
#include <vector>

#include "common/check.h"
#include "worker/cuda/collective_nccl.h"
#include "worker/cuda/find_device.h"
#include "worker/cuda/graphs.h"
#include "worker/cuda/handles.h"
#include "worker/cuda/kernel_calls.h"
#include "worker/cuda/matmul.h"
#include "worker/cuda/memory_blocks.h"
#include "worker/cuda/nccl_functions.h"

namespace chorus::worker::cuda {
namespace {

constexpr size_t kMatmulWorkspace = size_t{32} << 20;  // bytes

// Memory, copies, waits, and sums with other devices.
class CudaDevice final : public KernelCalls {
 public:
  explicit CudaDevice(const DeviceOptions& options)
      : KernelCalls(options.precision), options_(options) {}
  // What streams still do ends before memory goes.
  ~CudaDevice() override {
    collective_ = nullptr;  // aborts sums that will not end
    for (const Stream* stream : {&copies_, &compute_}) {
      if (stream->get() != nullptr) static_cast<void>(cudaStreamSynchronize(stream->get()));
    }
  }
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
  Status Stage(uint32_t slot, const void* host, void* device, size_t bytes) override;
  Status TakeStaged(uint32_t slot) override;

  Result<bool> Replay(std::span<const uint64_t> key,
                      const std::function<Status()>& enqueue) override {
    RETURN_IF_ERROR(TakeKept());  // of calls before it
    return graphs_.Run(key, [&]() -> Status {
      const Status status = enqueue();
      const Status kept = TakeKept();
      return kept.ok() ? status : kept;
    });
  }
  void ForgetReplays() override { graphs_.Clear(); }

  Status CheckCollective() override { return LoadNccl().status(); }
  Result<std::string> NewCollectiveId() override;
  Result<DeviceCollective*> OpenCollective(const DeviceCollectiveOptions& options) override;

 private:
  // Before every copy between there and the device, in the order of the compute stream.
  Status BeforeCopy(const void* host, size_t bytes);

  const DeviceOptions options_;
  DeviceInfo info_;
  MemoryBlocks memory_;
  std::unique_ptr<Matmul> matmul_;
  std::vector<Event> marks_;
  Event staged_[kStagingSlots];
  Stream copies_;
  Stream compute_;
  Graphs graphs_;                               // of compute_
  std::unique_ptr<NcclCollective> collective_;  // before the stream that it orders ends
};

Status CudaDevice::Open() {
  RETURN_IF_ERROR(FindDevice(options_.index, &info_));
  CUDA_RETURN_IF_ERROR(cudaStreamCreateWithFlags(compute_.receive(), cudaStreamNonBlocking));
  CUDA_RETURN_IF_ERROR(cudaStreamCreateWithFlags(copies_.receive(), cudaStreamNonBlocking));
  graphs_ = Graphs(compute_.get(), &info_.plain_replays);
  for (Event& event : staged_) {
    CUDA_RETURN_IF_ERROR(cudaEventCreateWithFlags(event.receive(), cudaEventDisableTiming));
  }
  ComputeOn(compute_.get(), nullptr);
  ASSIGN_OR_RETURN(std::byte* const workspace, TakeMemory(kMatmulWorkspace));
  ASSIGN_OR_RETURN(matmul_, Matmul::Create(options_.precision, workspace, kMatmulWorkspace));
  ComputeOn(compute_.get(), matmul_.get());
  return Status::Ok();
}

Result<std::byte*> CudaDevice::TakeMemory(size_t bytes) {
  if (bytes == 0) return static_cast<std::byte*>(nullptr);
  ASSIGN_OR_RETURN(std::byte* const data, memory_.Take(bytes));
  RETURN_IF_ERROR(Zero(data, bytes));
  CUDA_RETURN_IF_ERROR(cudaStreamSynchronize(compute()));  // before copies on the other stream
  return data;
}

Result<std::byte*> CudaDevice::TakeHostMemory(size_t bytes) {
  if (bytes == 0) return static_cast<std::byte*>(nullptr);
  std::byte* const data = memory_.TakeHost(bytes);
  info_.plain_bytes = memory_.plain_bytes();
  return data;
}

// CUDA copies memory that is not page-locked by way of its own, and waits inside the call for what
// was enqueued before: for ever, where that waits for other workers. Synchronize has a deadline.
Status CudaDevice::BeforeCopy(const void* host, size_t bytes) {
  if (memory_.IsPinned(host, bytes)) return Status::Ok();
  return Synchronize();
}

Status CudaDevice::Upload(const void* host, void* device, size_t bytes) {
  if (bytes == 0) return Status::Ok();
  RETURN_IF_ERROR(BeforeCopy(host, bytes));
  CUDA_RETURN_IF_ERROR(cudaMemcpyAsync(device, host, bytes, cudaMemcpyHostToDevice, compute()));
  return Status::Ok();
}

Status CudaDevice::Stage(uint32_t slot, const void* host, void* device, size_t bytes) {
  if (bytes == 0) return Status::Ok();
  CUDA_RETURN_IF_ERROR(cudaMemcpyAsync(device, host, bytes, cudaMemcpyHostToDevice, copies_.get()));
  CUDA_RETURN_IF_ERROR(cudaEventRecord(staged_[slot].get(), copies_.get()));
  return Status::Ok();
}

Status CudaDevice::TakeStaged(uint32_t slot) {
  CUDA_RETURN_IF_ERROR(cudaStreamWaitEvent(compute(), staged_[slot].get(), 0));
  return Status::Ok();
}

Status CudaDevice::Download(const void* device, void* host, size_t bytes) {
  if (bytes == 0) return Status::Ok();
  RETURN_IF_ERROR(BeforeCopy(host, bytes));
  CUDA_RETURN_IF_ERROR(cudaMemcpyAsync(host, device, bytes, cudaMemcpyDeviceToHost, compute()));
  return Status::Ok();
}

Status CudaDevice::CopyOnDevice(const void* from, void* to, size_t bytes) {
  if (bytes == 0) return Status::Ok();
  CUDA_RETURN_IF_ERROR(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, compute()));
  return Status::Ok();
}

Status CudaDevice::Zero(void* device, size_t bytes) {
  CUDA_RETURN_IF_ERROR(cudaMemsetAsync(device, 0, bytes, compute()));
  return Status::Ok();
}

Status CudaDevice::Synchronize() {
  RETURN_IF_ERROR(TakeKept());
  // The stream may wait for other workers, which end its wait by a deadline only here.
  if (collective_ != nullptr) RETURN_IF_ERROR(collective_->WaitForJoined());
  CUDA_RETURN_IF_ERROR(cudaStreamSynchronize(compute()));
  return Status::Ok();
}

Status CudaDevice::Mark(uint32_t mark) {
  while (marks_.size() <= mark) {
    Event event;
    CUDA_RETURN_IF_ERROR(cudaEventCreateWithFlags(event.receive(), cudaEventDefault));
    marks_.push_back(std::move(event));
  }
  CUDA_RETURN_IF_ERROR(cudaEventRecord(marks_[mark].get(), compute()));
  return Status::Ok();
}

Result<double> CudaDevice::SecondsBetween(uint32_t from, uint32_t to) {
  CHECK(from < marks_.size() && to < marks_.size(), "marks ", from, " and ", to);
  float milliseconds = 0;
  CUDA_RETURN_IF_ERROR(cudaEventElapsedTime(&milliseconds, marks_[from].get(), marks_[to].get()));
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
  CHECK(collective_ == nullptr, "a device meets others once");
  ASSIGN_OR_RETURN(const NcclFunctions* const nccl, LoadNccl());
  ASSIGN_OR_RETURN(collective_, OpenNcclCollective(options, *nccl, compute()));
  return collective_.get();
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
