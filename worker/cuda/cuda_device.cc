#include "worker/cuda/cuda_device.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "common/check.h"
#include "worker/cuda/collective_nccl.h"
#include "worker/cuda/find_device.h"
#include "worker/cuda/graphs.h"
#include "worker/cuda/handles.h"
#include "worker/cuda/kernels.h"
#include "worker/cuda/matmul.h"
#include "worker/cuda/method_kernels.h"
#include "worker/cuda/nccl_functions.h"

namespace chorus::worker::cuda {
namespace {

constexpr size_t kMatmulWorkspace = size_t{32} << 20;  // bytes

class CudaDevice final : public Device {
 public:
  explicit CudaDevice(const DeviceOptions& options) : options_(options) {}
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

  Status Gemm(const GemmOptions& options, MatrixView<const float> a, MatrixView<const float> b,
              MatrixView<float> c) override;
  void Fill(float value, MatrixView<float> matrix) override {
    CUDA_KEEP_ERROR(cuda::Fill(compute(), value, matrix));
  }
  void Copy(MatrixView<const float> from, MatrixView<float> to) override {
    CUDA_KEEP_ERROR(cuda::Copy(compute(), from, to));
  }
  void ColumnMoments(MatrixView<const float> z, float* mean, float* variance) override {
    CUDA_KEEP_ERROR(
        cuda::ColumnMoments(compute(), z, ColumnScratch(z.rows, z.cols), mean, variance));
  }
  void NormalizeRelu(const float* mean, const float* variance, const float* bias,
                     MatrixView<float> normalized, MatrixView<float> y) override {
    CUDA_KEEP_ERROR(cuda::NormalizeRelu(compute(), mean, variance, bias, normalized, y));
  }
  void NormalizeBackward(MatrixView<const float> normalized, const float* variance, bool of_moments,
                         MatrixView<float> gradient) override {
    CUDA_KEEP_ERROR(cuda::NormalizeBackward(compute(), normalized, variance, of_moments,
                                            ColumnScratch(gradient.rows, gradient.cols), gradient));
  }
  void GatherRows(MatrixView<const float> from, const RowIndex& index,
                  MatrixView<float> to) override {
    CUDA_KEEP_ERROR(cuda::GatherRows(compute(), from, index.of, index.rows, false, to));
  }
  void AddGatheredRows(MatrixView<const float> from, const RowIndex& index,
                       MatrixView<float> to) override {
    CUDA_KEEP_ERROR(cuda::GatherRows(compute(), from, index.of, index.rows, true, to));
  }
  void SumRowsByIndex(MatrixView<const float> from, const RowIndex& index,
                      MatrixView<float> to) override {
    CUDA_KEEP_ERROR(cuda::SumRowsByOrder(compute(), from, index.order, index.begins, to));
  }
  void ReluBackward(MatrixView<const float> y, MatrixView<float> gradient,
                    float* bias_gradient) override {
    float* const sums = ColumnScratch(y.rows, y.cols);
    CUDA_KEEP_ERROR(cuda::ReluBackward(compute(), y, gradient, sums, bias_gradient));
  }
  void DotRows(MatrixView<const float> x, const float* weight, const float* bias,
               MatrixView<float> z) override {
    CUDA_KEEP_ERROR(cuda::DotRows(compute(), x, weight, bias, z));
  }
  void SumColumn(MatrixView<const float> dz, float* sum) override {
    CUDA_KEEP_ERROR(cuda::SumColumn(compute(), dz, sum));
  }
  void DotRowsBackward(MatrixView<const float> x, const float* weight, MatrixView<const float> dz,
                       float* weight_gradient, MatrixView<float> dx, float dx_factor,
                       bool accumulate_dx) override {
    float* const sums = ColumnScratch(x.rows, x.cols);
    CUDA_KEEP_ERROR(cuda::DotRowsBackward(compute(), x, weight, dz, sums, weight_gradient, dx,
                                          dx_factor, accumulate_dx));
  }
  void Dropout(const DropoutMask& mask, MatrixView<const float> from,
               MatrixView<float> to) override {
    CUDA_KEEP_ERROR(cuda::Dropout(compute(), mask, from, to));
  }
  void PassPositive(MatrixView<const float> y, float factor, MatrixView<const float> from,
                    MatrixView<float> to, bool accumulate) override {
    CUDA_KEEP_ERROR(cuda::PassPositive(compute(), y, factor, from, to, accumulate));
  }
  void AttendPair(MatrixView<const float> from, MatrixView<const float> to, MatrixView<float> share,
                  MatrixView<float> out) override {
    CUDA_KEEP_ERROR(cuda::AttendPair(compute(), from, to, share, out));
  }
  void AttendPairBackward(MatrixView<const float> from, MatrixView<const float> to,
                          MatrixView<const float> share, MatrixView<const float> dout,
                          MatrixView<float> dfrom, MatrixView<float> dto,
                          bool accumulate_dto) override {
    CUDA_KEEP_ERROR(
        cuda::AttendPairBackward(compute(), from, to, share, dout, dfrom, dto, accumulate_dto));
  }

  Result<bool> Replay(std::span<const uint64_t> key,
                      const std::function<Status()>& enqueue) override {
    return graphs_.Run(key, [&]() -> Status {
      RETURN_IF_ERROR(enqueue());
      return TakeKept();
    });
  }

  Status SetMethod(const MethodValue& method) override;
  Status Put(std::span<const double> values, double* to) override;
  Status Partials(const DeviceLabels& labels, MatrixView<const float> logits,
                  double* sums) override;
  Status Evaluate(const DeviceLabels& labels, const double* scales, MatrixView<const float> logits,
                  MatrixView<float> dlogits, double* term_sums) override;

  Status Pool(const DeviceSide* side, const float* const* tables, MatrixView<float> x) override {
    CUDA_RETURN_IF_ERROR(cuda::Pool(compute(), side, tables, x));
    return Status::Ok();
  }
  Status NoteKeys(const DeviceSide& contexts, const DeviceSide& exposures,
                  const DeviceKeyNotes& notes) override {
    CUDA_RETURN_IF_ERROR(cuda::NoteKeys(compute(), contexts, exposures, notes));
    return Status::Ok();
  }
  Status SumPieces(const DevicePieces& pieces, const DeviceKeyNotes& notes, const float* dcontexts,
                   const float* dexposures, uint32_t dim, uint32_t first, float* sums) override {
    CUDA_RETURN_IF_ERROR(
        cuda::SumPieces(compute(), pieces, notes, dcontexts, dexposures, dim, first, sums));
    return Status::Ok();
  }
  Status JoinPieces(const DeviceSegments& segments, uint32_t dim, float* sums) override {
    CUDA_RETURN_IF_ERROR(cuda::JoinPieces(compute(), segments, dim, sums));
    return Status::Ok();
  }
  Status CombineTerms(const DeviceTerms& terms, uint32_t dim, float* sums, float* out) override {
    CUDA_RETURN_IF_ERROR(cuda::CombineTerms(compute(), terms, dim, sums, out));
    return Status::Ok();
  }
  Status SumGrains(MatrixView<float> gradients) override {
    CUDA_RETURN_IF_ERROR(cuda::SumGrains(compute(), gradients));
    return Status::Ok();
  }
  Status FlagNonFinite(MatrixView<const float> values, const uint32_t* flag_of_column,
                       uint32_t* flags) override {
    CUDA_RETURN_IF_ERROR(cuda::FlagNonFinite(compute(), values, flag_of_column, flags));
    return Status::Ok();
  }
  Status ApplyOptimizer(const OptimizerParameters& parameters, uint64_t t, float lr_factor,
                        double clip_norm, int64_t n, float* gradient, float* weights,
                        float* const (&state)[2]) override;
  Status MoveStatistics(const DeviceStatistics& statistics, const float* gradient,
                        float* values) override;
  Status Reserve(const DeviceSizes& sizes) override;
  Status UseWeights(const float* weights, int64_t n) override;

  Status CheckCollective() override { return LoadNccl().status(); }
  Result<std::string> NewCollectiveId() override;
  Result<DeviceCollective*> OpenCollective(const DeviceCollectiveOptions& options) override;

 private:
  cudaStream_t compute() const { return compute_.get(); }
  // Keeps the first error of calls that return none.
  void Keep(cudaError_t error, const Place& place) {
    if (error != cudaSuccess && kept_.ok()) kept_ = StatusOf(error, place);
  }
  Status TakeKept() { return std::exchange(kept_, Status()); }
  // Before every copy between there and the device, in the order of the compute stream.
  Status BeforeCopy(const void* host, size_t bytes);
  // REQUIRES, of all three: the sizes were reserved.
  void* Scratch(size_t bytes) {
    CHECK(bytes <= scratch_bytes_, "bytes=", bytes, " reserved=", scratch_bytes_);
    return scratch_;
  }
  float* ColumnScratch(int64_t rows, int64_t cols) {
    return static_cast<float*>(Scratch(ColumnScratchBytes(rows, cols)));
  }
  double* DoubleScratch(int64_t doubles) {
    return static_cast<double*>(Scratch(static_cast<size_t>(doubles) * sizeof(double)));
  }

  const DeviceOptions options_;
  DeviceInfo info_;
  std::vector<DeviceMemory> memory_;
  struct HostBlock {
    PinnedMemory memory;
    size_t bytes;
  };
  std::vector<HostBlock> pinned_;
  std::vector<std::unique_ptr<std::byte[]>> plain_;  // where memory could not be page-locked
  std::byte* scratch_ = nullptr;                     // of sums in two rounds
  size_t scratch_bytes_ = 0;
  std::unique_ptr<Matmul> matmul_;
  std::unique_ptr<MethodKernels> method_;
  Status kept_;
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
  graphs_ = Graphs(compute());
  for (Event& event : staged_) {
    CUDA_RETURN_IF_ERROR(cudaEventCreateWithFlags(event.receive(), cudaEventDisableTiming));
  }
  ASSIGN_OR_RETURN(std::byte* const workspace, TakeMemory(kMatmulWorkspace));
  ASSIGN_OR_RETURN(matmul_, Matmul::Create(options_.precision, workspace, kMatmulWorkspace));
  return Status::Ok();
}

Result<std::byte*> CudaDevice::TakeMemory(size_t bytes) {
  if (bytes == 0) return static_cast<std::byte*>(nullptr);
  DeviceMemory memory;
  CUDA_RETURN_IF_ERROR(cudaMalloc(memory.receive(), bytes));
  auto* const data = static_cast<std::byte*>(memory.get());
  memory_.push_back(std::move(memory));
  RETURN_IF_ERROR(Zero(data, bytes));
  CUDA_RETURN_IF_ERROR(cudaStreamSynchronize(compute()));  // before copies on the other stream
  return data;
}

Result<std::byte*> CudaDevice::TakeHostMemory(size_t bytes) {
  if (bytes == 0) return static_cast<std::byte*>(nullptr);
  PinnedMemory memory;
  if (cudaHostAlloc(memory.receive(), bytes, cudaHostAllocDefault) != cudaSuccess) {
    static_cast<void>(cudaGetLastError());
    info_.plain_bytes += bytes;
    plain_.push_back(std::make_unique<std::byte[]>(bytes));
    return plain_.back().get();
  }
  auto* const data = static_cast<std::byte*>(memory.get());
  pinned_.push_back({std::move(memory), bytes});
  std::memset(data, 0, bytes);
  return data;
}

// CUDA copies memory that is not page-locked by way of its own, and waits inside the call for what
// was enqueued before: for ever, where that waits for other workers. Synchronize has a deadline.
Status CudaDevice::BeforeCopy(const void* host, size_t bytes) {
  const auto* const begin = static_cast<const std::byte*>(host);
  for (const HostBlock& block : pinned_) {
    const auto* const data = static_cast<const std::byte*>(block.memory.get());
    if (begin >= data && begin + bytes <= data + block.bytes) return Status::Ok();
  }
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

Status CudaDevice::Gemm(const GemmOptions& options, MatrixView<const float> a,
                        MatrixView<const float> b, MatrixView<float> c) {
  const int64_t k = options.transpose_a ? a.rows : a.cols;
  if (c.rows == 0 || c.cols == 0) return Status::Ok();
  if (k > 0) return matmul_->Run(options, a, b, c, compute());
  // The product of nothing: what is added to it, through the epilogue.
  if (options.accumulate && options.bias == nullptr && !options.relu) return Status::Ok();
  CUDA_RETURN_IF_ERROR(
      cuda::Epilogue(compute(), options.accumulate, options.bias, options.relu, c));
  return Status::Ok();
}

Status CudaDevice::SetMethod(const MethodValue& method) {
  method_ = MethodKernels::Find(method.type, method.bytes, method.size);
  if (method_ != nullptr) return Status::Ok();
  return FailedPrecondition(StrCat("the CUDA backend was built without the method ", method.type));
}

Status CudaDevice::Put(std::span<const double> values, double* to) {
  CHECK(values.size() <= static_cast<size_t>(kMaxTerms), values.size(), " values");
  DeviceDoubles by_value = {};
  std::copy(values.begin(), values.end(), by_value.value);
  CUDA_RETURN_IF_ERROR(cuda::Put(compute(), by_value, static_cast<int>(values.size()), to));
  return Status::Ok();
}

Status CudaDevice::Partials(const DeviceLabels& labels, MatrixView<const float> logits,
                            double* sums) {
  CUDA_RETURN_IF_ERROR(method_->Partials(
      compute(), labels, logits, DoubleScratch(MethodKernels::ScratchDoubles(labels.rows)), sums));
  return Status::Ok();
}

Status CudaDevice::Evaluate(const DeviceLabels& labels, const double* scales,
                            MatrixView<const float> logits, MatrixView<float> dlogits,
                            double* term_sums) {
  CHECK(logits.cols == method_->heads() && dlogits.cols == method_->heads());
  CUDA_RETURN_IF_ERROR(method_->Evaluate(compute(), labels, scales, logits, dlogits,
                                         DoubleScratch(MethodKernels::ScratchDoubles(dlogits.rows)),
                                         term_sums));
  return Status::Ok();
}

Status CudaDevice::ApplyOptimizer(const OptimizerParameters& parameters, uint64_t t,
                                  float lr_factor, double clip_norm, int64_t n, float* gradient,
                                  float* weights, float* const (&state)[2]) {
  if (clip_norm > 0) {
    double* const squares = DoubleScratch(kSquareParts);
    CUDA_RETURN_IF_ERROR(cuda::SumSquares(compute(), n, gradient, squares));
    CUDA_RETURN_IF_ERROR(cuda::Clip(compute(), n, squares, clip_norm, gradient));
  }
  using Kind = OptimizerParameters::Kind;
  switch (parameters.kind) {
    case Kind::kSgd:
      CUDA_RETURN_IF_ERROR(cuda::Apply(compute(), parameters.Sgd(lr_factor), n, gradient, weights));
      return Status::Ok();
    case Kind::kAdagrad:
      CUDA_RETURN_IF_ERROR(
          cuda::Apply(compute(), parameters.Adagrad(lr_factor), n, gradient, weights, state[0]));
      return Status::Ok();
    case Kind::kAdam:
    case Kind::kAdamW:
      CUDA_RETURN_IF_ERROR(cuda::Apply(compute(), parameters.Adam(lr_factor, t), n, gradient,
                                       weights, state[0], state[1]));
      return Status::Ok();
    default:
      CHECK(false, "not an optimizer of dense weights");
  }
  return Status::Ok();
}

Status CudaDevice::MoveStatistics(const DeviceStatistics& statistics, const float* gradient,
                                  float* values) {
  CUDA_RETURN_IF_ERROR(cuda::MoveStatistics(compute(), statistics, gradient, values));
  return Status::Ok();
}

Status CudaDevice::Reserve(const DeviceSizes& sizes) {
  const int64_t doubles =
      std::max<int64_t>(kSquareParts, MethodKernels::ScratchDoubles(sizes.rows));
  const size_t bytes = std::max(ColumnScratchBytes(sizes.rows, sizes.columns),
                                static_cast<size_t>(doubles) * sizeof(double));
  ASSIGN_OR_RETURN(scratch_, TakeMemory(bytes));
  scratch_bytes_ = bytes;
  if (options_.precision != DevicePrecision::kBf16) return Status::Ok();
  const size_t input = static_cast<size_t>(sizes.product_input) * sizeof(uint16_t);
  ASSIGN_OR_RETURN(std::byte* const first, TakeMemory(input));
  ASSIGN_OR_RETURN(std::byte* const second, TakeMemory(input));
  ASSIGN_OR_RETURN(std::byte* const weights,
                   TakeMemory(static_cast<size_t>(sizes.weights) * sizeof(uint16_t)));
  matmul_->RoundInto({first, second}, input, weights);
  return Status::Ok();
}

Status CudaDevice::UseWeights(const float* weights, int64_t n) {
  if (options_.precision != DevicePrecision::kBf16) return Status::Ok();
  return matmul_->RoundWeights(weights, n, compute());
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
