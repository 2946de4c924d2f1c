#include "worker/layers/graph.h"

#include <algorithm>
#include <utility>

#include "common/check.h"
#include "worker/math/row_stride.h"

namespace chorus::worker {
namespace {

// An input of a node, whose gradient is some columns of an earlier node's matrix.
struct Reader {
  size_t node = 0;
  size_t input = 0;
  int64_t begin = 0, end = 0;
};

// The readers of the matrix that the node `memory` owns, in the order of the backward pass.
std::vector<Reader> ReadersOf(const std::vector<Node>& nodes, size_t memory) {
  std::vector<Reader> readers;
  for (size_t n = nodes.size(); n-- > memory + 1;) {
    for (size_t i = 0; i < nodes[n].inputs.size(); ++i) {
      const Port& port = nodes[n].inputs[i];
      if (nodes[port.node].memory != memory) continue;
      const int64_t columns = nodes[memory].gradient_width;
      const int64_t first = nodes[port.node].memory_column + port.first;
      readers.push_back({n, i, std::min(first, columns), std::min(first + port.width, columns)});
    }
  }
  return readers;
}

bool IsInPlace(const Node& node) { return node.layer != nullptr && node.layer->in_place(); }

// Whether the readers write the gradient without help: each writes columns that are all new, or
// that have all been written, and at the end all have been.
bool WriteAll(const std::vector<Node>& nodes, const std::vector<Reader>& readers, int64_t columns) {
  std::vector<bool> written(static_cast<size_t>(columns), false);
  for (const Reader& reader : readers) {
    const auto first = written.begin() + reader.begin, last = written.begin() + reader.end;
    const bool none = std::find(first, last, true) == last;
    const bool all = std::find(first, last, false) == last;
    if (IsInPlace(nodes[reader.node]) ? !all : !none && !all) return false;
    std::fill(first, last, true);
  }
  return std::find(written.begin(), written.end(), false) == written.end();
}

void PlanWrites(const std::vector<Reader>& readers, bool clear, int64_t columns,
                std::vector<Node>* nodes) {
  std::vector<bool> written(static_cast<size_t>(columns), false);
  for (const Reader& reader : readers) {
    GradientWrite& write = (*nodes)[reader.node].writes[reader.input];
    const auto first = written.begin() + reader.begin, last = written.begin() + reader.end;
    const bool first_reader = &reader == &readers.front();
    if (clear) {
      write = first_reader ? GradientWrite::kClearThenAdd : GradientWrite::kAdd;
    } else {
      write =
          std::find(first, last, true) == last ? GradientWrite::kOverwrite : GradientWrite::kAdd;
    }
    std::fill(first, last, true);
  }
}

bool AllReadTiles(const std::vector<Node>& nodes, size_t node, const std::vector<Reader>& readers) {
  return std::all_of(readers.begin(), readers.end(), [&](const Reader& reader) {
    const Node& by = nodes[reader.node];
    const TileReads reads = by.layer->reads_tiles();
    return by.inputs[reader.input].node == node &&
           (nodes[node].layer == nullptr ? reads == TileReads::kUnitsAndInputs
                                         : reads != TileReads::kNone);
  });
}

// What the readers of a node read, ascending, if it may be kept in tiles; else nothing.
std::vector<Port> TilePartsOf(const std::vector<Node>& nodes, size_t n,
                              const std::vector<Reader>& readers) {
  const Node& node = nodes[n];
  const bool is_input = node.layer == nullptr;
  if (!is_input && !node.layer->writes_tiles()) return {};
  if (!AllReadTiles(nodes, n, readers)) return {};
  std::vector<Port> parts;
  for (const Reader& reader : readers) {
    const Port& port = nodes[reader.node].inputs[reader.input];
    parts.push_back({n, port.first, port.width});
  }
  const auto starts_before = [](const Port& a, const Port& b) { return a.first < b.first; };
  const auto same = [](const Port& a, const Port& b) {
    return a.first == b.first && a.width == b.width;
  };
  std::stable_sort(parts.begin(), parts.end(), starts_before);
  if (is_input) parts.erase(std::unique(parts.begin(), parts.end(), same), parts.end());
  int64_t end = 0;
  for (const Port& part : parts) {
    if (is_input ? part.first < end : part.first != end) return {};
    end = part.first + part.width;
  }
  if (!is_input && end != node.width) return {};
  return parts;
}

}  // namespace

Port Graph::AddInput(std::string name, Side side, int64_t width, int64_t gradient_width) {
  Node node;
  node.name = std::move(name);
  node.side = side;
  node.width = width;
  node.gradient_width = gradient_width;
  return Add(std::move(node));
}

Port Graph::Add(Node node) {
  const size_t index = nodes_.size();
  for (const Port& port : node.inputs) {
    CHECK(port.node < index && port.first + port.width <= nodes_[port.node].width, node.name);
  }
  node.memory = index;
  if (node.layer != nullptr) node.gradient_width = node.width;
  if (IsInPlace(node)) {
    const Port& port = node.inputs[0];
    const Node& before = nodes_[port.node];
    CHECK(node.inputs.size() == 1 && port.width == node.width && before.side == node.side,
          node.name);
    node.memory = before.memory;
    node.memory_column = before.memory_column + port.first;
  }
  node.writes.assign(node.inputs.size(), GradientWrite::kOverwrite);
  most_inputs_ = std::max(most_inputs_, node.inputs.size());
  nodes_.push_back(std::move(node));
  return {index, 0, nodes_.back().width};
}

void Graph::Finish() {
  for (size_t n = 0; n < nodes_.size(); ++n) {
    const Node& node = nodes_[n];
    if (node.memory != n || node.head >= 0) continue;
    const std::vector<Reader> readers = ReadersOf(nodes_, n);
    CHECK(node.layer == nullptr || !readers.empty(), "nothing reads ", node.name);
    if (readers.empty()) continue;
    const bool clear = !WriteAll(nodes_, readers, node.gradient_width);
    PlanWrites(readers, clear, node.gradient_width, &nodes_);
    nodes_[n].tile_parts = TilePartsOf(nodes_, n, readers);
  }
}

MatrixExtents Graph::extents() const {
  MatrixExtents most;
  const auto add = [&](int64_t times, int64_t columns) {
    most.times = std::max(most.times, times);
    most.columns = std::max(most.columns, times * columns);
    most.floats = std::max(most.floats, times * RowStride(columns));
  };
  for (const Node& node : nodes_) {
    add(1, node.width);
    if (node.layer == nullptr) continue;
    for (const ScratchShape& shape : node.layer->scratch()) add(shape.times, shape.cols);
  }
  return most;
}

double Graph::FloatsOfRow() const {
  double floats = 0;
  for (const Node& node : nodes_) {
    floats += static_cast<double>(node.width + node.gradient_width);
    if (node.layer == nullptr) continue;
    for (const ScratchShape& shape : node.layer->scratch()) {
      if (shape.rows > 0) continue;
      floats += static_cast<double>(shape.times) * static_cast<double>(RowStride(shape.cols));
    }
  }
  return floats;
}

RowCost Graph::CostOf(const Node& node) {
  const RowCost cost = node.layer->cost();
  if (node.side == Side::kExposure) return cost;
  return {.context = cost.context + cost.exposure};
}

RowCost Graph::cost() const {
  RowCost sum;
  for (const Node& node : nodes_) {
    if (node.layer == nullptr) continue;
    const RowCost cost = CostOf(node);
    sum.context += cost.context;
    sum.exposure += cost.exposure;
  }
  return sum;
}

GraphBuffers::GraphBuffers(const Graph& graph, int64_t grain_rows, Storage storage,
                           MatrixMemory* memory) {
  inputs_.resize(graph.most_inputs());
  buffers_.resize(graph.nodes().size());
  CHECK(storage == Storage::kFloats || memory == nullptr, "tiles are in this machine's memory");
  if (storage == Storage::kTiles) MakeTiles(graph, grain_rows);
  for (size_t n = 0; n < graph.nodes().size(); ++n) {
    const Node& node = graph.nodes()[n];
    NodeBuffers& buffers = buffers_[n];
    if (node.memory == n && node.head < 0) {
      const bool in_tiles = !buffers.tiles.empty();
      if (!in_tiles) buffers.out.y = AlignedMatrix(grain_rows, node.width, memory);
      if (!in_tiles || node.layer == nullptr) {
        buffers.out.dy = AlignedMatrix(grain_rows, node.gradient_width, memory);
      }
    }
    if (node.layer == nullptr) continue;
    for (const ScratchShape& shape : node.layer->scratch()) {
      const int64_t rows = shape.rows > 0 ? shape.rows : grain_rows * shape.times;
      buffers.scratch.emplace_back(rows, shape.cols, memory);
    }
  }
}

// One piece of memory, so that it lies on huge pages.
void GraphBuffers::MakeTiles(const Graph& graph, int64_t grain_rows) {
  int64_t size = 0;
  for (const Node& node : graph.nodes()) {
    for (const Port& part : node.tile_parts) {
      size += (node.layer == nullptr ? 1 : 2) * TileMatrixSize(grain_rows, part.width);
    }
  }
  tiles_ = AlignedMatrix(
      1, size * static_cast<int64_t>(sizeof(Bf16)) / static_cast<int64_t>(sizeof(float)));
  Bf16* next = reinterpret_cast<Bf16*>(tiles_.view().data);
  const auto take = [&](int64_t width) {
    return TileView<Bf16>(std::exchange(next, next + TileMatrixSize(grain_rows, width)), grain_rows,
                          width);
  };
  for (size_t n = 0; n < graph.nodes().size(); ++n) {
    for (const Port& part : graph.nodes()[n].tile_parts) {
      TilePart& tiles = buffers_[n].tiles.emplace_back();
      tiles.first = part.first;
      tiles.tiles.y = take(part.width);
      if (graph.nodes()[n].layer != nullptr) tiles.tiles.dy = take(part.width);
    }
  }
}

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
