#pragma once
// The half of the CUDA device that computes: each call enqueues kernels (kernels.h) or a product
// (matmul.h) on one stream. The other half (cuda_device.cc) has memory, copies and waits.
// Thread safety: as Device.

#include <cuda_runtime.h>

#include <memory>
#include <utility>

#include "common/check.h"
#include "worker/cuda/handles.h"
#include "worker/cuda/kernels.h"
#include "worker/cuda/launch_limit.h"
#include "worker/cuda/matmul.h"
#include "worker/cuda/method_kernels.h"
#include "worker/device/device.h"

namespace chorus::worker::cuda {

// In KernelCalls: enqueues by `call` and returns the first error that is kept, of this call or of
// one before it that could not return it.
#define CUDA_ENQUEUED(call) (CUDA_KEEP_ERROR(call), TakeKept())

class KernelCalls : public Device {
 public:
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
  void ForEach(const ItemKernel& kernel) override {
    CUDA_KEEP_ERROR(cuda::ForEach(compute(), kernel));
  }

  Status SetMethod(const MethodValue& method) override;
  Status Put(std::span<const double> values, double* to) override;
  Status Partials(const DeviceLabels& labels, MatrixView<const float> logits,
                  double* sums) override;
  Status Evaluate(const DeviceLabels& labels, const double* scales, MatrixView<const float> logits,
                  MatrixView<float> dlogits, double* term_sums) override;

  Status Pool(const DeviceSide* side, const float* const* tables, MatrixView<float> x) override {
    return CUDA_ENQUEUED(cuda::Pool(compute(), side, tables, x));
  }
  Status NoteKeys(const DeviceSide& contexts, const DeviceSide& exposures,
                  const DeviceKeyNotes& notes) override {
    return CUDA_ENQUEUED(cuda::NoteKeys(compute(), contexts, exposures, notes));
  }
  Status SumPieces(const DevicePieces& pieces, const DeviceKeyNotes& notes, const float* dcontexts,
                   const float* dexposures, uint32_t dim, uint32_t first, float* sums) override {
    return CUDA_ENQUEUED(
        cuda::SumPieces(compute(), pieces, notes, dcontexts, dexposures, dim, first, sums));
  }
  Status JoinPieces(const DeviceSegments& segments, uint32_t dim, float* sums) override {
    return CUDA_ENQUEUED(cuda::JoinPieces(compute(), segments, dim, sums));
  }
  Status CombineTerms(const DeviceTerms& terms, uint32_t dim, float* sums, float* out) override {
    return CUDA_ENQUEUED(cuda::CombineTerms(compute(), terms, dim, sums, out));
  }
  Status SumGrains(MatrixView<float> gradients) override {
    return CUDA_ENQUEUED(cuda::SumGrains(compute(), gradients));
  }
  Status FlagNonFinite(MatrixView<const float> values, const uint32_t* flag_of_column,
                       uint32_t* flags) override {
    return CUDA_ENQUEUED(cuda::FlagNonFinite(compute(), values, flag_of_column, flags));
  }
  Status ClipGradient(double clip_norm, int64_t n, float* gradient) override;
  Status ApplyOptimizer(const OptimizerParameters& parameters, uint64_t t, float lr_factor,
                        double clip_norm, int64_t n, float* gradient, float* weights,
                        float* const (&state)[2]) override;
  Status MoveStatistics(const DeviceStatistics& statistics, const float* gradient,
                        float* values) override;
  Status Reserve(const DeviceSizes& sizes) override;
  Status UseWeights(const float* weights, int64_t n) override;

 protected:
  explicit KernelCalls(DevicePrecision precision) : precision_(precision) {}
  // To be called before the first call. The arguments must outlive the calls.
  void ComputeOn(cudaStream_t compute, LaunchLimit* limit, Matmul* matmul) {
    compute_ = compute;
    limit_ = limit;
    matmul_ = matmul;
  }
  // The stream, for one more call that enqueues on it.
  cudaStream_t compute() {
    CountCall();
    return compute_;
  }
  // Waits if too many calls are enqueued and not done.
  void CountCall() {
    if (const Status status = LimitLaunches(); !status.ok() && kept_.ok()) kept_ = status;
  }
  // Waits until the event, which was recorded on the stream, is done.
  virtual Status WaitForLaunched(cudaEvent_t event) = 0;
  // Keeps the first error of calls that return none.
  void Keep(cudaError_t error, const Place& place) {
    if (error != cudaSuccess && kept_.ok()) kept_ = StatusOf(error, place);
  }
  Status TakeKept() { return std::exchange(kept_, Status()); }

 private:
  Status LimitLaunches() {
    cudaEvent_t full = nullptr;
    RETURN_IF_ERROR(limit_->Count(compute_, &full));
    return full == nullptr ? Status::Ok() : WaitForLaunched(full);
  }
  // Scratch memory of a call. REQUIRES, for all three: Reserve was called with sizes that are
  // enough.
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

  const DevicePrecision precision_;
  cudaStream_t compute_ = nullptr;
  LaunchLimit* limit_ = nullptr;
  Matmul* matmul_ = nullptr;
  std::unique_ptr<MethodKernels> method_;
  std::byte* scratch_ = nullptr;  // for sums in two rounds; calls on one stream can share it
  size_t scratch_bytes_ = 0;
  Status kept_;
};

}  // namespace chorus::worker::cuda
