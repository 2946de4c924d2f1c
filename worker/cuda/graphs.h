#pragma once
// Work of a stream that comes again, as CUDA graphs: one start instead of one a kernel. The first
// time it runs as it is, so that whatever is chosen, loaded or made at a first use (algorithms of
// products, modules of kernels) is there before it is captured; captures allocate nothing and wait
// for nothing. A graph is an offer: where CUDA makes none of some work (no memory on the device,
// or a call that no capture allows), that work runs as it is from then on, with the same bits.
// Errors of the work itself stay errors. Thread safety: none; what other threads do does not
// disturb a capture.

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
  // So many are kept, or waited for to come again; work beyond them runs as it is.
  static constexpr size_t kMost = 1024;

  Graphs() = default;
  // notes: learns what comes again and runs as it is all the same, and why; outlives this.
  Graphs(cudaStream_t stream, PlainReplays* notes) : stream_(stream), notes_(notes) {}

  // The contract of Device::Replay. enqueue: on the stream, on no other. What it enqueues is done
  // once, whether a graph is made or not.
  Result<bool> Run(std::span<const uint64_t> key, const std::function<Status()>& enqueue);
  // Frees all graphs. REQUIRES: the stream was synchronised after the last Run.
  void Clear();

 private:
  // Neither: has come once.
  struct Kept {
    GraphExec graph;
    bool refused = false;  // there will be no graph
  };
  // Keys are looked up without being copied.
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
  bool full_ = false;  // of what is not forgotten
};

}  // namespace chorus::worker::cuda
