#pragma once
// Attention transfer between towers (worker/objective/method_shape.h, Transfer). The hidden units
// h_j of each giving tower become a token t_j of the receiver's width. Each token is weighed
// against the receiver's own hidden units h, and the results make the units y that the rest of the
// receiving tower reads instead of h:
//   t_j = relu(h_j W_j + b_j),  o_j = attention of (t_j, h) by shared queries, keys and values
//   y = relu([o_1 ... o_n] W + b)
// Gradients are as in dense.h. Thread safety: the methods of AttentionLayer are const; an
// AttentionBuffers serves one grain at a time.

#include <cstdint>
#include <span>
#include <vector>

#include "common/matrix_view.h"
#include "common/status.h"
#include "worker/math/activation.h"
#include "worker/math/backend.h"
#include "worker/math/row_stride.h"
#include "worker/model/dense.h"

namespace chorus::worker {

struct AttentionLayer;

struct AttentionBuffers {
  std::vector<Activation> tokens;     // [givers] of [rows, width]
  std::vector<Activation> projected;  // [givers + 1] of [rows, 3 width]; the last is the receiver's
  AlignedMatrix share;                // [rows, givers]: attention to each giver's token
  Activation joined;                  // [rows, givers * width], the o_j side by side

  AttentionBuffers() = default;
  // memory: see AlignedMatrix.
  AttentionBuffers(const AttentionLayer& layer, int64_t rows, MatrixMemory* memory);
};

struct AttentionLayer {
  int64_t width = 0;
  std::vector<DenseLayer> from;  // [givers]
  int64_t projection = 0;        // offset of [Q K V], [width, 3 width]
  DenseLayer out;

  // Forward: every giver, then the receiver.   h_j: [rows, from[j].in].   h, y: [rows, width].
  Status ForwardGiver(Backend* backend, std::span<const float> parameters, size_t giver,
                      MatrixView<const float> h, AttentionBuffers* buffers) const;
  Status ForwardReceiver(Backend* backend, std::span<const float> parameters,
                         MatrixView<const float> h, AttentionBuffers* buffers,
                         MatrixView<float> y) const;

  // Backward: the receiver, then every giver.   dy: overwritten with scratch.  dh: overwritten.
  Status BackwardReceiver(Backend* backend, std::span<const float> parameters,
                          MatrixView<const float> h, MatrixView<const float> y,
                          MatrixView<float> dy, MatrixView<float> dh, AttentionBuffers* buffers,
                          std::span<float> gradient) const;
  // dh: added to.
  Status BackwardGiver(Backend* backend, std::span<const float> parameters, size_t giver,
                       MatrixView<const float> h, MatrixView<float> dh, AttentionBuffers* buffers,
                       std::span<float> gradient) const;

 private:
  size_t receiver() const { return from.size(); }
  template <typename T>
  MatrixView<T> Projection(std::span<T> parameters) const {
    return {parameters.data() + projection, width, 3 * width, RowStride(3 * width)};
  }
};

}  // namespace chorus::worker
