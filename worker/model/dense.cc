#include "worker/model/dense.h"

#include "worker/math/row_stride.h"

namespace chorus::worker {
namespace {

MatrixView<const float> WeightView(std::span<const float> parameters, int64_t offset, int64_t in,
                                   int64_t out) {
  return {parameters.data() + offset, in, out, RowStride(out)};
}
MatrixView<float> WeightView(std::span<float> parameters, int64_t offset, int64_t in, int64_t out) {
  return {parameters.data() + offset, in, out, RowStride(out)};
}

// dW = x^T dy and dx = dy W^T, the latter for the first dx.cols inputs.
Status ProductBackward(Backend* backend, MatrixView<const float> weight, MatrixView<const float> x,
                       MatrixView<const float> dy, MatrixView<float> dweight, MatrixView<float> dx,
                       bool accumulate_dx) {
  RETURN_IF_ERROR(backend->Gemm({.transpose_a = true}, x, dy, dweight));
  return backend->Gemm({.transpose_b = true, .accumulate = accumulate_dx}, dy,
                       weight.Rows(0, dx.cols), dx);
}

}  // namespace

Status DenseLayer::Forward(Backend* backend, std::span<const float> parameters,
                           MatrixView<const float> x, MatrixView<float> y) const {
  return backend->Gemm({.relu = !linear, .bias = linear ? nullptr : parameters.data() + bias}, x,
                       WeightView(parameters, weight, in, out), y);
}

Status DenseLayer::Backward(Backend* backend, std::span<const float> parameters,
                            MatrixView<const float> x, MatrixView<const float> y,
                            MatrixView<float> dy, MatrixView<float> dx, bool accumulate_dx,
                            std::span<float> gradient) const {
  if (!linear) backend->ReluBackward(y, dy, gradient.data() + bias);
  return ProductBackward(backend, WeightView(parameters, weight, in, out), x, dy,
                         WeightView(gradient, weight, in, out), dx, accumulate_dx);
}

Status SplitLayer::Forward(Backend* backend, std::span<const float> parameters, const SplitInput& x,
                           MatrixView<float> context_product, MatrixView<float> y) const {
  const float* b = linear ? nullptr : parameters.data() + bias;
  const MatrixView<const float> w_e = WeightView(parameters, exposure_weight, exposure_in, out);
  if (context_in == 0) return backend->Gemm({.relu = !linear, .bias = b}, x.exposures, w_e, y);
  // The bias goes into the contexts' product, which has fewer rows; gathering brings it to every
  // exposure. ReLU comes with the last addition.
  RETURN_IF_ERROR(backend->Gemm({.bias = b}, x.contexts,
                                WeightView(parameters, context_weight, context_in, out),
                                context_product));
  backend->GatherRows(context_product, x.context_of, y);
  return backend->Gemm({.accumulate = true, .relu = !linear}, x.exposures, w_e, y);
}

Status SplitLayer::Backward(Backend* backend, std::span<const float> parameters,
                            const SplitInput& x, MatrixView<const float> y, MatrixView<float> dy,
                            MatrixView<float> context_sum, const SplitInputGradient& dx,
                            std::span<float> gradient) const {
  if (!linear) backend->ReluBackward(y, dy, gradient.data() + bias);
  RETURN_IF_ERROR(ProductBackward(
      backend, WeightView(parameters, exposure_weight, exposure_in, out), x.exposures, dy,
      WeightView(gradient, exposure_weight, exposure_in, out), dx.exposures, false));
  if (context_in == 0) return Status::Ok();
  backend->SumRowsByIndex(dy, x.context_of, context_sum);
  return ProductBackward(backend, WeightView(parameters, context_weight, context_in, out),
                         x.contexts, context_sum,
                         WeightView(gradient, context_weight, context_in, out), dx.contexts, false);
}

}  // namespace chorus::worker
