#pragma once
// Graphs of the emulation: the work that a stream was given while it was captured, with its
// arguments as they were then. A line of nodes: one stream is captured at a time, alone. Thread
// safety: none; a graph's work is never changed.

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "tests/support/cuda_host/call_log.h"

namespace chorus::cuda_host {

struct GraphNode {
  std::function<void()> work;
  WorkCount count;
};

}  // namespace chorus::cuda_host

struct CUgraph_st {
  std::vector<chorus::cuda_host::GraphNode> nodes;
};

struct CUgraphExec_st {
  // Streams that have been given it keep it.
  std::shared_ptr<const std::vector<chorus::cuda_host::GraphNode>> nodes;
};
