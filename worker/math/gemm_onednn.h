#pragma once
// Single-precision matrix products by oneDNN, one thread per call. A primitive is built once for
// each shape, in about a millisecond, and kept. Weights stay in their plain row-major layout:
// packed weights made products of 512 rows 1 to 5 % faster, which is as much as it costs to pack
// them in every step. Products with a transposed left factor (weight gradients) go through oneDNN's
// sgemm, which was up to 15 % faster for wide ones. Thread safety: Run may be called by any number
// of threads.

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

// Limits oneDNN to the instruction set `isa` first. Error: kFailedPrecondition, see NewCpuBackend.
Result<std::unique_ptr<OneDnnGemm>> NewOneDnnGemm(ComputeConfig::Isa isa);

}  // namespace chorus::worker
