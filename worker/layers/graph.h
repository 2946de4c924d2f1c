#pragma once
// The graph of an embedding group's network: nodes in topological order, each with a layer, what it
// reads, and a side (layer.h). A node whose inputs are all of contexts is computed once per
// context. The graph is made once and never changes; GraphBuffers are the activations of one grain.
//
// With a backend that keeps tiles (backend.h), what products alone read is kept as bfloat16 in
// tiles: the outputs of layers that can write them, if each column has one reader, which can read
// them; and inputs of the graph, if all their readers can, and read the same columns or others.
// Thread safety: a Graph is a value with const methods; a GraphBuffers serves one grain at a time.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/status.h"
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
  // Nodes are added in topological order. Of a node that is added: its layer, inputs and the like;
  // the rest is made here. Returns its whole output.
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
  // Of all matrices of a grain, for each of its rows, as if none were in tiles.
  double FloatsOfRow() const;
  // Of a node with a layer, and of all of them, for each row of a side.
  static RowCost CostOf(const Node& node);
  RowCost cost() const;

 private:
  std::vector<Node> nodes_;
  size_t lower_ = 0;
  size_t most_inputs_ = 0;
};

// The matrices of one grain. Rows are padded to grain_rows, contexts to a few sizes.
class GraphBuffers {
 public:
  enum class Storage { kFloats, kTiles };  // kTiles: where the graph allows it

  // memory: see AlignedMatrix; of floats.
  GraphBuffers(const Graph& graph, int64_t grain_rows, Storage storage,
               MatrixMemory* memory = nullptr);

  // Of the node's own matrix, all rows; empty where it is in tiles, but for the gradient of an
  // input.
  ActivationView Of(size_t node) { return buffers_[node].out.view(); }
  // Likewise; empty where it is in floats.
  std::span<const TilePart> TilesOf(size_t node) const { return buffers_[node].tiles; }
  MatrixView<const float> GradientOf(size_t node) const { return buffers_[node].out.dy.view(); }

 private:
  friend class GraphRun;
  struct NodeBuffers {
    Activation out;
    std::vector<TilePart> tiles;
    std::vector<AlignedMatrix> scratch;
  };
  void MakeTiles(const Graph& graph, int64_t grain_rows);

  std::vector<NodeBuffers> buffers_;
  AlignedMatrix tiles_;              // of all nodes
  std::vector<LayerInput> inputs_;   // of the node at hand
  std::vector<TilePart> out_tiles_;  // likewise
};

// A forward or backward pass of one grain through a graph.
struct GraphPass {
  Backend* backend;
  const Graph& graph;
  std::span<const float> parameters;
  GrainShape grain;
  GraphBuffers* buffers;
};

// Reads the outputs of the graph's inputs, which the caller has filled.  logits: [grain_rows,
// heads]; writes the columns of the graph's heads.
Status ForwardGraph(const GraphPass& pass, MatrixView<float> logits);

// The two halves of a backward pass: the graph's upper part, then the rest. Overwrites the
// gradients of the graph's inputs (but for one that nobody reads, whose gradient stays 0) and the
// blocks of its layers in `gradient`.  dlogits: [grain_rows, heads], 0 in padded rows; left as it
// is. REQUIRES: ForwardGraph with the same `pass` came before.
Status BackwardUpper(const GraphPass& pass, MatrixView<float> dlogits, std::span<float> gradient);
Status BackwardLower(const GraphPass& pass, MatrixView<float> dlogits, std::span<float> gradient);

}  // namespace chorus::worker
