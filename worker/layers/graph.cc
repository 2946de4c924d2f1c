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

}  // namespace chorus::worker
