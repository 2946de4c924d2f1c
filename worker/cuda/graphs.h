#pragma once
// Work of a stream that comes again, as CUDA graphs: one start instead of one per kernel. The first
// time the work runs kernel by kernel, so that all that is chosen, loaded or made at a first use
// (algorithms of products, modules of kernels) is there before it is captured: a capture must not
// allocate or wait. A graph is optional. Where CUDA cannot make one (there is no memory on the
// device, or a call is not allowed in captures) the work runs kernel by kernel from then on, with
// the same bits. Errors of the work itself are returned as without graphs. Thread safety: none;
// calls of other threads do not disturb a capture.

#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <vector>

#include "common/status.h"
#include "worker/cuda/handles.h"
#include "worker/device/device.h"

namespace chorus::worker::cuda {

class Graphs {
 public:
  // The largest number of entries: graphs, and keys that have come once. Work beyond them runs
  // kernel by kernel.
  static constexpr size_t kMost = 1024;

  Graphs() = default;
  // notes: gets the reasons why work that comes again is not one graph; it must outlive this
  // object.
  Graphs(cudaStream_t stream, PlainReplays* notes) : stream_(stream), notes_(notes) {}

  // The contract of Device::Replay. `enqueue` enqueues work on the stream and on no other; the work
  // is done once per call, whether a graph is made or not.
  Result<bool> Run(std::span<const uint64_t> key, const std::function<Status()>& enqueue);
  // Frees all graphs. REQUIRES: the stream was synchronised after the last Run.
  void Clear();

 private:
  // Without a graph and not refused: the work has come once.
  struct Kept {
    GraphExec graph;
    bool refused = false;  // CUDA could not make a graph
  };
  // Compares spans, so that a key is looked up without being copied.
  struct Less {
    using is_transparent = void;
    bool operator()(std::span<const uint64_t> a, std::span<const uint64_t> b) const {
      return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
    }
  };

  Result<GraphExec> Make(const std::function<Status()>& enqueue);
  Status Capture(const std::function<Status()>& enqueue, Status* work, Graph* graph);
  bool HasRoom();

  cudaStream_t stream_ = nullptr;
  PlainReplays* notes_ = nullptr;
  std::map<std::vector<uint64_t>, Kept, Less> kept_;
  bool full_ = false;  // kMost entries are graphs or refused
};

}  // namespace chorus::worker::cuda
