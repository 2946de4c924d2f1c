#include "worker/model/attention.h"

namespace chorus::worker {

AttentionBuffers::AttentionBuffers(const AttentionLayer& layer, int64_t rows, MatrixMemory* memory)
    : share(rows, static_cast<int64_t>(layer.from.size()), memory),
      joined(rows, static_cast<int64_t>(layer.from.size()) * layer.width, memory) {
  for (const DenseLayer& from : layer.from) tokens.emplace_back(rows, from.out, memory);
  for (size_t token = 0; token <= layer.from.size(); ++token) {
    projected.emplace_back(rows, 3 * layer.width, memory);
  }
}

Status AttentionLayer::ForwardGiver(Backend* backend, std::span<const float> parameters,
                                    size_t giver, MatrixView<const float> h,
                                    AttentionBuffers* buffers) const {
  const MatrixView<float> token = buffers->tokens[giver].y.view();
  RETURN_IF_ERROR(from[giver].Forward(backend, parameters, h, token));
  return backend->Gemm({}, token, Projection(parameters), buffers->projected[giver].y.view());
}

Status AttentionLayer::ForwardReceiver(Backend* backend, std::span<const float> parameters,
                                       MatrixView<const float> h, AttentionBuffers* buffers,
                                       MatrixView<float> y) const {
  const MatrixView<float> own = buffers->projected[receiver()].y.view();
  RETURN_IF_ERROR(backend->Gemm({}, h, Projection(parameters), own));
  const MatrixView<float> joined = buffers->joined.y.view();
  for (size_t giver = 0; giver < from.size(); ++giver) {
    const auto column = static_cast<int64_t>(giver);
    backend->AttendPair(buffers->projected[giver].y.view(), own,
                        buffers->share.view().Columns(column, 1),
                        joined.Columns(column * width, width));
  }
  return out.Forward(backend, parameters, joined, y);
}

Status AttentionLayer::BackwardReceiver(Backend* backend, std::span<const float> parameters,
                                        MatrixView<const float> h, MatrixView<const float> y,
                                        MatrixView<float> dy, MatrixView<float> dh,
                                        AttentionBuffers* buffers,
                                        std::span<float> gradient) const {
  const ActivationView joined = buffers->joined.view();
  RETURN_IF_ERROR(out.Backward(backend, parameters, joined.y, y, dy, joined.dy, false, gradient));
  const ActivationView own = buffers->projected[receiver()].view();
  for (size_t giver = 0; giver < from.size(); ++giver) {
    const auto column = static_cast<int64_t>(giver);
    const ActivationView given = buffers->projected[giver].view();
    // The receiver's token takes part in every pair: its gradient is the sum over the pairs.
    backend->AttendPairBackward(given.y, own.y, buffers->share.view().Columns(column, 1),
                                joined.dy.Columns(column * width, width), given.dy, own.dy,
                                giver > 0);
  }
  // All tokens share the projection. The receiver comes first and overwrites the gradient of the
  // projection; the givers add to it.
  const MatrixView<float> dprojection = Projection(gradient);
  RETURN_IF_ERROR(backend->Gemm({.transpose_a = true}, h, own.dy, dprojection));
  return backend->Gemm({.transpose_b = true}, own.dy, Projection(parameters), dh);
}

Status AttentionLayer::BackwardGiver(Backend* backend, std::span<const float> parameters,
                                     size_t giver, MatrixView<const float> h, MatrixView<float> dh,
                                     AttentionBuffers* buffers, std::span<float> gradient) const {
  const ActivationView token = buffers->tokens[giver].view();
  const MatrixView<const float> dprojected = buffers->projected[giver].dy.view();
  const MatrixView<float> dprojection = Projection(gradient);
  RETURN_IF_ERROR(
      backend->Gemm({.transpose_a = true, .accumulate = true}, token.y, dprojected, dprojection));
  RETURN_IF_ERROR(
      backend->Gemm({.transpose_b = true}, dprojected, Projection(parameters), token.dy));
  return from[giver].Backward(backend, parameters, h, token.y, token.dy, dh, true, gradient);
}

}  // namespace chorus::worker
