#pragma once
// Work of a stream that comes again, as CUDA graphs: one start instead of one a kernel. The first
// time it runs as it is, so that whatever is chosen, loaded or made at a first use (algorithms of
// products, modules of kernels) is there before it is captured; captures allocate nothing and wait
// for nothing. Thread safety: none; what other threads do does not disturb a capture.

#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <vector>

#include "common/status.h"
#include "worker/cuda/handles.h"

namespace chorus::worker::cuda {

class Graphs {
 public:
  // So many are kept, or waited for to come again; work beyond them runs as it is.
  static constexpr size_t kMost = 1024;

  Graphs() = default;
  explicit Graphs(cudaStream_t stream) : stream_(stream) {}

  // The contract of Device::Replay. enqueue: on the stream, on no other.
  Result<bool> Run(std::span<const uint64_t> key, const std::function<Status()>& enqueue);

 private:
  // Keys are looked up without being copied.
  struct Less {
    using is_transparent = void;
    bool operator()(std::span<const uint64_t> a, std::span<const uint64_t> b) const {
      return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
    }
  };

  Result<GraphExec> Capture(const std::function<Status()>& enqueue) const;
  bool HasRoom();

  cudaStream_t stream_ = nullptr;
  std::map<std::vector<uint64_t>, GraphExec, Less> kept_;  // null: has come once
};

}  // namespace chorus::worker::cuda
