#pragma once
// Single-precision matrix products by oneDNN, one thread a call. A primitive is built once a shape
// (about a millisecond) and kept; weights stay in their plain row-major layout, since they change
// every step and packing them first measured 1 to 5 % at 512 rows, which is what packing costs.
// Products with a transposed left factor (weight gradients) go through oneDNN's sgemm, which
// measured up to 15 % faster on wide ones. Thread safety: Run from any number of threads.

#include <memory>

#include "common/config.pb.h"
#include "common/status.h"
#include "worker/math/backend.h"

namespace chorus::worker {

class OneDnnGemm {
 public:
  virtual ~OneDnnGemm() = default;
  // REQUIRES: M, N, K > 0; the rest as Backend::Gemm.
  virtual Status Run(const GemmOptions& options, MatrixView<const float> a,
                     MatrixView<const float> b, MatrixView<float> c) = 0;
};

// Caps oneDNN's instruction set first. Error: kFailedPrecondition, see NewCpuBackend.
Result<std::unique_ptr<OneDnnGemm>> NewOneDnnGemm(ComputeConfig::Isa isa);

}  // namespace chorus::worker
