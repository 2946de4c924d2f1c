#pragma once
// The graph of an embedding group's network: nodes in topological order, each with a layer, what it
// reads, and a side (layer.h). A node whose inputs are all of contexts is computed once per
// context. The graph is made once and never changes; its activations are GraphBuffers
// (graph_buffers.h), and GraphPass (graph_pass.h) computes them.
//
// With a backend that keeps tiles (backend.h), what products alone read is kept as bfloat16 in
// tiles: the outputs of layers that can write tiles, if each column has one reader, which can read
// them; and inputs of the graph, if all their readers can read tiles, and any two of them read the
// same columns or have none in common.
// Thread safety: a Graph is a value with const methods.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "worker/layers/layer.h"
#include "worker/layers/parameters.h"

namespace chorus::worker {

// Some columns of the output of a node.
struct Port {
  size_t node = 0;
  int64_t first = 0;
  int64_t width = 0;
  // The last part of the name of the weights that a layer has for it: "exposure" of
  // "tower.cvr.0.exposure".
  std::string label = {};

  Port Columns(int64_t begin, int64_t count) const { return {node, first + begin, count, label}; }
};

// How a node's backward pass leaves the gradient of one of its inputs, whose columns other nodes
// may read too.
enum class GradientWrite {
  kOverwrite,     // no node before it in the backward pass has written them
  kAdd,           // all of them have been written
  kClearThenAdd,  // the first of several nodes that read different columns
};

struct Node {
  std::string name;
  std::shared_ptr<const Layer> layer;  // null: an input of the graph
  std::vector<Port> inputs;
  Side side = Side::kExposure;
  int64_t width = 0;
  int64_t gradient_width = 0;  // of an input: only its first columns have a gradient
  int64_t head = -1;           // the column of the logits that the node writes; -1: none
  // The layers that are side by side in it, by the first parts of their blocks' names, and the
  // matrices of their weights.
  std::vector<std::string> layers;
  std::vector<ParameterRange> weights;

  // Made by Graph. Where the output is kept: columns of this node's own matrix or, in place, of an
  // earlier one's.
  size_t memory = 0;
  int64_t memory_column = 0;
  std::vector<GradientWrite> writes;  // [inputs]
  std::vector<Port> tile_parts;  // of itself: what readers read, ascending; none: never in tiles
};

// The largest matrices of a grain, whose rows are its own or, in scratch, some `times` as many.
struct MatrixExtents {
  int64_t times = 1;
  int64_t columns = 0;  // times columns
  int64_t floats = 0;   // per row of the grain, with strides of RowStride
};

class Graph {
 public:
  // Nodes are added in topological order. The caller of Add sets the fields of a node before
  // `memory`; the others are set here. Both return the node's whole output.
  Port AddInput(std::string name, Side side, int64_t width, int64_t gradient_width);
  Port Add(Node node);
  // The nodes from here on are the upper part, see `upper`.
  void EndLowerPart() { lower_ = nodes_.size(); }
  // After the last node: plans the backward pass. REQUIRES: all nodes but inputs and logits are
  // read by others.
  void Finish();

  const std::vector<Node>& nodes() const { return nodes_; }
  Side SideOf(const Port& port) const { return nodes_[port.node].side; }
  // The backward pass of the nodes [lower, nodes().size()) comes first: the gradients of their
  // weights can be summed among workers while the other nodes' are computed.
  size_t lower() const { return lower_; }
  size_t most_inputs() const { return most_inputs_; }
  MatrixExtents extents() const;
  // Floats of all matrices of a grain, for each of its rows, as if none were in tiles.
  double FloatsOfRow() const;
  // The cost of one node, which has a layer, and that of all nodes, for each row of a side.
  static RowCost CostOf(const Node& node);
  RowCost cost() const;

 private:
  std::vector<Node> nodes_;
  size_t lower_ = 0;
  size_t most_inputs_ = 0;
};

}  // namespace chorus::worker
