#include "worker/layers/graph_pass.h"

#include <algorithm>
#include <cstdint>

namespace chorus::worker {

// The calls of a pass.
class GraphRun {
 public:
  GraphRun(const GraphPass& pass, ActivationView logits, std::span<float> gradient)
      : pass_(pass), logits_(logits), gradient_(gradient) {}

  Status Forward(size_t n) const { return Layer(n).Forward(CallOf(n)); }
  Status Backward(size_t n) const {
    const LayerCall call = CallOf(n);
    const Node& node = NodeOf(n);
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      if (node.writes[i] != GradientWrite::kClearThenAdd) continue;
      pass_.backend->Fill(0.0f, MatrixOf(NodeOf(node.inputs[i].node).memory).dy);
    }
    return Layer(n).Backward(call);
  }

 private:
  const Node& NodeOf(size_t n) const { return pass_.graph.nodes()[n]; }
  const worker::Layer& Layer(size_t n) const { return *NodeOf(n).layer; }

  // The rows of the grain of a matrix.
  ActivationView MatrixOf(size_t memory) const {
    ActivationView whole = pass_.buffers->Of(memory);
    if (NodeOf(memory).side == Side::kContext) {
      whole.y.rows = pass_.grain.contexts;
      whole.dy.rows = pass_.grain.contexts;
    }
    return whole;
  }
  ActivationView ViewOf(size_t node, int64_t first, int64_t width) const {
    const size_t memory = NodeOf(node).memory;
    const ActivationView matrix = MatrixOf(memory);
    const int64_t column = NodeOf(node).memory_column + first;
    const int64_t gradient = std::clamp<int64_t>(matrix.dy.cols - column, 0, width);
    // A matrix in tiles has no floats.
    return {matrix.y.data == nullptr ? matrix.y : matrix.y.Columns(column, width),
            gradient == 0 ? MatrixView<float>{matrix.dy.data, matrix.dy.rows, 0, matrix.dy.stride}
                          : matrix.dy.Columns(column, gradient)};
  }
  ActivationView OutputOf(size_t n) const {
    const Node& node = NodeOf(n);
    return node.head >= 0 ? logits_.Columns(node.head, 1) : ViewOf(n, 0, node.width);
  }

  // The rows of the grain of a part.
  TileActivation TilesOf(size_t node, const TilePart& part) const {
    TileActivation tiles = part.tiles;
    if (NodeOf(node).side == Side::kContext) {
      tiles.y.rows = pass_.grain.contexts;
      tiles.dy.rows = pass_.grain.contexts;
    }
    return tiles;
  }
  LayerInput InputOf(const Port& port, GradientWrite write) const {
    LayerInput input;
    input.side = NodeOf(port.node).side;
    input.accumulate = write != GradientWrite::kOverwrite;
    const std::span<const TilePart> parts = pass_.buffers->TilesOf(port.node);
    const auto part = std::find_if(parts.begin(), parts.end(), [&](const TilePart& of_readers) {
      return of_readers.first == port.first;
    });
    const ActivationView view = ViewOf(port.node, port.first, port.width);
    input.dy = view.dy;
    if (part == parts.end()) {
      input.y = view.y;
    } else {
      input.tiles = TilesOf(port.node, *part);
    }
    return input;
  }

  LayerCall CallOf(size_t n) const {
    const Node& node = NodeOf(n);
    GraphBuffers& buffers = *pass_.buffers;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      buffers.inputs_[i] = InputOf(node.inputs[i], node.writes[i]);
    }
    buffers.out_tiles_.clear();
    for (const TilePart& part : buffers.TilesOf(n)) {
      buffers.out_tiles_.push_back({part.first, TilesOf(n, part)});
    }
    return {pass_.backend,
            pass_.grain,
            pass_.parameters,
            gradient_,
            {buffers.inputs_.data(), node.inputs.size()},
            OutputOf(n),
            buffers.out_tiles_,
            buffers.buffers_[n].scratch};
  }

  const GraphPass& pass_;
  const ActivationView logits_;
  const std::span<float> gradient_;
};

namespace {

Status Backward(const GraphPass& pass, size_t begin, size_t end, MatrixView<float> dlogits,
                std::span<float> gradient) {
  const GraphRun run(pass, {dlogits, dlogits}, gradient);
  for (size_t n = end; n-- > begin;) {
    if (pass.graph.nodes()[n].layer != nullptr) RETURN_IF_ERROR(run.Backward(n));
  }
  return Status::Ok();
}

}  // namespace

Status ForwardGraph(const GraphPass& pass, MatrixView<float> logits) {
  const GraphRun run(pass, {logits, logits}, {});
  for (size_t n = 0; n < pass.graph.nodes().size(); ++n) {
    if (pass.graph.nodes()[n].layer != nullptr) RETURN_IF_ERROR(run.Forward(n));
  }
  return Status::Ok();
}

Status BackwardUpper(const GraphPass& pass, MatrixView<float> dlogits, std::span<float> gradient) {
  return Backward(pass, pass.graph.lower(), pass.graph.nodes().size(), dlogits, gradient);
}

Status BackwardLower(const GraphPass& pass, MatrixView<float> dlogits, std::span<float> gradient) {
  return Backward(pass, 0, pass.graph.lower(), dlogits, gradient);
}

}  // namespace chorus::worker
