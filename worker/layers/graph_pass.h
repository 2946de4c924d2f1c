#pragma once
// One grain through a graph, forward and backward: the calls of its layers, in order.
// Thread safety: passes with buffers of their own run side by side.

#include <span>

#include "common/status.h"
#include "worker/layers/graph.h"
#include "worker/layers/graph_buffers.h"

namespace chorus::worker {

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
// gradients of the graph's inputs (except one that nobody reads, whose gradient stays 0) and the
// blocks of its layers in `gradient`.  dlogits: [grain_rows, heads], 0 in padded rows; left as it
// is. REQUIRES: ForwardGraph with the same `pass` came before.
Status BackwardUpper(const GraphPass& pass, MatrixView<float> dlogits, std::span<float> gradient);
Status BackwardLower(const GraphPass& pass, MatrixView<float> dlogits, std::span<float> gradient);

}  // namespace chorus::worker
