#pragma once
// Losses and their gradients on the device: the row functions of worker/objective, with one thread
// per row. Thread safety: const methods from any thread.

#include <cuda_runtime.h>

#include <cstdint>
#include <memory>
#include <string_view>

#include "common/matrix_view.h"
#include "worker/device/device_types.h"

namespace chorus::worker::cuda {

class MethodKernels {
 public:
  virtual ~MethodKernels() = default;
  // The method of this type and value (MethodValue in worker/objective/objective.h); null when
  // AllMethods lacks it.
  static std::unique_ptr<MethodKernels> Find(std::string_view type, const void* bytes, size_t size);

  virtual int heads() const = 0;

  // The contracts of Device::Partials and Device::Evaluate.  scratch:
  // [LossScratchDoubles(rows)].
  virtual cudaError_t Partials(cudaStream_t stream, const DeviceLabels& labels,
                               MatrixView<const float> logits, double* scratch,
                               double* sums) const = 0;
  virtual cudaError_t Evaluate(cudaStream_t stream, const DeviceLabels& labels,
                               const double* scales, MatrixView<const float> logits,
                               MatrixView<float> dlogits, double* scratch,
                               double* term_sums) const = 0;
};

}  // namespace chorus::worker::cuda
