#pragma once
// The activations of one grain, their gradients and the layers' scratch, for the nodes of a graph.
// Thread safety: a GraphBuffers serves one grain at a time.

#include <cstdint>
#include <span>
#include <vector>

#include "worker/layers/graph.h"
#include "worker/layers/layer.h"

namespace chorus::worker {

// The matrices of one grain. Rows are padded to grain_rows, contexts to a few sizes.
class GraphBuffers {
 public:
  enum class Storage { kFloats, kTiles };  // kTiles: where the graph allows it

  // memory: see AlignedMatrix; of floats.
  GraphBuffers(const Graph& graph, int64_t grain_rows, Storage storage,
               MatrixMemory* memory = nullptr);

  // The node's own matrix, all rows; empty where it is in tiles, except for the gradient of an
  // input.
  ActivationView Of(size_t node) { return buffers_[node].out.view(); }
  // The same in tiles; empty where it is in floats.
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

}  // namespace chorus::worker
