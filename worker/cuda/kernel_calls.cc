#include "worker/cuda/kernel_calls.h"

#include "common/strings.h"

namespace chorus::worker::cuda {

Status KernelCalls::Gemm(const GemmOptions& options, MatrixView<const float> a,
                         MatrixView<const float> b, MatrixView<float> c) {
  const int64_t k = options.transpose_a ? a.rows : a.cols;
  if (c.rows == 0 || c.cols == 0) return Status::Ok();
  RETURN_IF_ERROR(TakeKept());
  if (k > 0) return matmul_->Run(options, a, b, c, compute());
  // An empty sum: the epilogue alone.
  if (options.accumulate && options.bias == nullptr && !options.relu) return Status::Ok();
  return CUDA_ENQUEUED(
      cuda::Epilogue(compute(), options.accumulate, options.bias, options.relu, c));
}

Status KernelCalls::SetMethod(const MethodValue& method) {
  method_ = MethodKernels::Find(method.type, method.bytes, method.size);
  if (method_ != nullptr) return Status::Ok();
  return FailedPrecondition(StrCat("the CUDA backend was built without the method ", method.type));
}

Status KernelCalls::Put(std::span<const double> values, double* to) {
  CHECK(values.size() <= static_cast<size_t>(kMaxTerms), values.size(), " values");
  DeviceDoubles by_value = {};
  std::copy(values.begin(), values.end(), by_value.value);
  return CUDA_ENQUEUED(cuda::Put(compute(), by_value, static_cast<int>(values.size()), to));
}

Status KernelCalls::Partials(const DeviceLabels& labels, MatrixView<const float> logits,
                             double* sums) {
  return CUDA_ENQUEUED(method_->Partials(compute(), labels, logits,
                                         DoubleScratch(LossScratchDoubles(labels.rows)), sums));
}

Status KernelCalls::Evaluate(const DeviceLabels& labels, const double* scales,
                             MatrixView<const float> logits, MatrixView<float> dlogits,
                             double* term_sums) {
  CHECK(logits.cols == method_->heads() && dlogits.cols == method_->heads());
  return CUDA_ENQUEUED(method_->Evaluate(compute(), labels, scales, logits, dlogits,
                                         DoubleScratch(LossScratchDoubles(dlogits.rows)),
                                         term_sums));
}

Status KernelCalls::ClipGradient(double clip_norm, int64_t n, float* gradient) {
  double* const squares = DoubleScratch(kSquareParts);
  CUDA_RETURN_IF_ERROR(cuda::SumSquares(compute(), n, gradient, squares));
  return CUDA_ENQUEUED(cuda::Clip(compute(), n, squares, clip_norm, gradient));
}

Status KernelCalls::ApplyOptimizer(const OptimizerParameters& parameters, uint64_t t,
                                   float lr_factor, double clip_norm, int64_t n, float* gradient,
                                   float* weights, float* const (&state)[2]) {
  if (clip_norm > 0) RETURN_IF_ERROR(ClipGradient(clip_norm, n, gradient));
  using Kind = OptimizerParameters::Kind;
  switch (parameters.kind) {
    case Kind::kSgd:
      return CUDA_ENQUEUED(cuda::Apply(compute(), parameters.Sgd(lr_factor), n, gradient, weights));
    case Kind::kAdagrad:
      return CUDA_ENQUEUED(
          cuda::Apply(compute(), parameters.Adagrad(lr_factor), n, gradient, weights, state[0]));
    case Kind::kAdam:
    case Kind::kAdamW:
      return CUDA_ENQUEUED(cuda::Apply(compute(), parameters.Adam(lr_factor, t), n, gradient,
                                       weights, state[0], state[1]));
    case Kind::kRowwiseAdagrad:
    case Kind::kFtrl:
      break;  // of embedding rows only
  }
  CHECK(false, "not an optimizer of dense weights: ", static_cast<int>(parameters.kind));
}

Status KernelCalls::MoveStatistics(const DeviceStatistics& statistics, const float* gradient,
                                   float* values) {
  return CUDA_ENQUEUED(cuda::MoveStatistics(compute(), statistics, gradient, values));
}

Status KernelCalls::Reserve(const DeviceSizes& sizes) {
  const size_t bytes = ScratchBytes(sizes.rows, sizes.columns);
  ASSIGN_OR_RETURN(scratch_, TakeMemory(bytes));
  scratch_bytes_ = bytes;
  if (precision_ != DevicePrecision::kBf16) return Status::Ok();
  const size_t input = static_cast<size_t>(sizes.product_input) * sizeof(uint16_t);
  ASSIGN_OR_RETURN(std::byte* const first, TakeMemory(input));
  ASSIGN_OR_RETURN(std::byte* const second, TakeMemory(input));
  ASSIGN_OR_RETURN(std::byte* const weights,
                   TakeMemory(static_cast<size_t>(sizes.weights) * sizeof(uint16_t)));
  matmul_->RoundInto({first, second}, input, weights);
  return Status::Ok();
}

Status KernelCalls::UseWeights(const float* weights, int64_t n) {
  if (precision_ != DevicePrecision::kBf16) return Status::Ok();
  return matmul_->RoundWeights(weights, n, compute());
}

}  // namespace chorus::worker::cuda
