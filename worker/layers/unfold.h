#pragma once
// Sequences side by side in a row of their side, as one matrix with a row per element, and back.
// Thread safety: functions of their arguments.

#include <cstdint>
#include <numeric>
#include <vector>

#include "worker/layers/layer.h"

namespace chorus::worker {

// The width of an element, whose attributes are in sequences of these dimensions.
inline int64_t ElementWidth(const std::vector<int64_t>& dims) {
  return std::accumulate(dims.begin(), dims.end(), int64_t{0});
}

// Copies the first dims.size() inputs, of `length` elements each, to the rows of `elements`.
inline void UnfoldInputs(const LayerCall& call, const std::vector<int64_t>& dims, int64_t length,
                         MatrixView<float> elements) {
  int64_t column = 0;
  for (size_t s = 0; s < dims.size(); ++s) {
    call.backend->ForEach(UnfoldItems{call.x[s].y, length, dims[s], column, elements});
    column += dims[s];
  }
}

// The way back, from the gradient of the elements to those of the inputs.
inline void FoldGradients(const LayerCall& call, const std::vector<int64_t>& dims, int64_t length,
                          MatrixView<const float> elements) {
  int64_t column = 0;
  for (size_t s = 0; s < dims.size(); ++s) {
    const LayerInput& x = call.x[s];
    call.backend->ForEach(FoldItems{elements, length, dims[s], column, x.dy, x.accumulate});
    column += dims[s];
  }
}

}  // namespace chorus::worker
