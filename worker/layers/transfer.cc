#include "worker/layers/transfer.h"

#include <utility>

namespace chorus::worker {
namespace {

// The scratch matrices of a call with `givers` givers.
struct TransferScratch {
  const LayerCall& call;
  size_t givers;

  MatrixView<float> at(size_t index) const { return call.scratch[index].view(); }
  MatrixView<float> share() const { return at(0); }   // [rows, givers]: attention to each token
  MatrixView<float> joined() const { return at(1); }  // [rows, givers * width], the o_j
  MatrixView<float> djoined() const { return at(2); }
  // [rows, width] of a giver.
  MatrixView<float> token(size_t giver) const { return at(3 + 2 * giver); }
  MatrixView<float> dtoken(size_t giver) const { return at(4 + 2 * giver); }
  // [rows, 3 width]: query, key and value of a giver's token, or of the receiver's.
  MatrixView<float> projected(size_t token) const { return at(3 + 2 * givers + 2 * token); }
  MatrixView<float> dprojected(size_t token) const { return at(4 + 2 * givers + 2 * token); }
};

Status ForwardDense(const LayerCall& call, const DenseParameters& layer, MatrixView<const float> x,
                    MatrixView<float> y) {
  return call.backend->Gemm({.relu = true, .bias = call.parameters.data() + layer.bias}, x,
                            WeightPlace{layer.weight, layer.in, y.cols}.In(call.parameters), y);
}

// dy: overwritten with scratch.
Status BackwardDense(const LayerCall& call, const DenseParameters& layer, MatrixView<const float> x,
                     MatrixView<const float> y, MatrixView<float> dy, MatrixView<float> dx,
                     bool accumulate_dx) {
  call.backend->ReluBackward(y, dy, call.gradient.data() + layer.bias);
  return BackwardProduct(call, {layer.weight, layer.in, dy.cols}, x, dy, dx, accumulate_dx);
}

}  // namespace

TransferLayer::TransferLayer(int64_t width, std::vector<DenseParameters> from, int64_t projection,
                             DenseParameters out)
    : width_(width), from_(std::move(from)), projection_(projection), out_(out) {}

std::vector<ScratchShape> TransferLayer::scratch() const {
  const auto givers = static_cast<int64_t>(from_.size());
  std::vector<ScratchShape> shapes = {
      {.cols = givers}, {.cols = givers * width_}, {.cols = givers * width_}};
  shapes.resize(shapes.size() + 2 * from_.size(), {.cols = width_});
  shapes.resize(shapes.size() + 2 * (from_.size() + 1), {.cols = 3 * width_});
  return shapes;
}

RowCost TransferLayer::cost() const {
  double flops = 0;
  const auto width = static_cast<double>(width_);
  for (const DenseParameters& from : from_) {
    flops += 2 * width * static_cast<double>(from.in) + 8 * width;  // the token, and its attention
  }
  const auto tokens = static_cast<double>(from_.size() + 1);
  return {.exposure = flops + 6 * width * width * tokens + 2 * width * width * (tokens - 1)};
}

Status TransferLayer::ForwardGiver(const LayerCall& call, size_t giver) const {
  const TransferScratch scratch{call, from_.size()};
  RETURN_IF_ERROR(ForwardDense(call, from_[giver], call.x[giver].y, scratch.token(giver)));
  return call.backend->Gemm({}, scratch.token(giver), projection().In(call.parameters),
                            scratch.projected(giver));
}

Status TransferLayer::Forward(const LayerCall& call) const {
  const size_t receiver = from_.size();
  const TransferScratch scratch{call, receiver};
  for (size_t giver = 0; giver < receiver; ++giver) RETURN_IF_ERROR(ForwardGiver(call, giver));
  RETURN_IF_ERROR(call.backend->Gemm({}, call.x[receiver].y, projection().In(call.parameters),
                                     scratch.projected(receiver)));
  for (size_t giver = 0; giver < receiver; ++giver) {
    const auto column = static_cast<int64_t>(giver);
    call.backend->AttendPair(scratch.projected(giver), scratch.projected(receiver),
                             scratch.share().Columns(column, 1),
                             scratch.joined().Columns(column * width_, width_));
  }
  return ForwardDense(call, out_, scratch.joined(), call.out.y);
}

Status TransferLayer::BackwardReceiver(const LayerCall& call) const {
  const size_t receiver = from_.size();
  const TransferScratch scratch{call, receiver};
  RETURN_IF_ERROR(BackwardDense(call, out_, scratch.joined(), call.out.y, call.out.dy,
                                scratch.djoined(), false));
  for (size_t giver = 0; giver < receiver; ++giver) {
    const auto column = static_cast<int64_t>(giver);
    // The receiver's token takes part in every pair: its gradient is the sum over the pairs.
    call.backend->AttendPairBackward(
        scratch.projected(giver), scratch.projected(receiver), scratch.share().Columns(column, 1),
        scratch.djoined().Columns(column * width_, width_), scratch.dprojected(giver),
        scratch.dprojected(receiver), giver > 0);
  }
  // All tokens share the projection. The receiver comes first and overwrites the gradient of the
  // projection; the givers add to it.
  const LayerInput& own = call.x[receiver];
  return BackwardProduct(call, projection(), own.y, scratch.dprojected(receiver), own.dy,
                         own.accumulate);
}

Status TransferLayer::BackwardGiver(const LayerCall& call, size_t giver) const {
  const TransferScratch scratch{call, from_.size()};
  RETURN_IF_ERROR(BackwardProduct(call, projection(), scratch.token(giver),
                                  scratch.dprojected(giver), scratch.dtoken(giver), false,
                                  /*accumulate_dw=*/true));
  const LayerInput& x = call.x[giver];
  return BackwardDense(call, from_[giver], x.y, scratch.token(giver), scratch.dtoken(giver), x.dy,
                       x.accumulate);
}

Status TransferLayer::Backward(const LayerCall& call) const {
  RETURN_IF_ERROR(BackwardReceiver(call));
  for (size_t giver = 0; giver < from_.size(); ++giver) {
    RETURN_IF_ERROR(BackwardGiver(call, giver));
  }
  return Status::Ok();
}

}  // namespace chorus::worker
