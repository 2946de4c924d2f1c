#pragma once
// Forward and backward of one embedding group's layers, from its pooled inputs to the logits of its
// towers and back, side by side. Thread safety: functions of their arguments; a GroupBuffers serves
// one grain at a time.

#include <cstdint>
#include <span>
#include <vector>

#include "common/status.h"
#include "worker/math/activation.h"
#include "worker/math/aligned_matrix.h"
#include "worker/math/backend.h"
#include "worker/model/network.h"

namespace chorus::worker {

// The matrices of one grain in one group. Rows are padded to grain_rows, contexts to a few sizes.
struct GroupBuffers {
  struct Tower {
    std::vector<Activation> hidden;       // [hidden layer - 1]; the first is part of the wide one
    std::vector<BatchNormBuffers> norms;  // [hidden layer - 1]
    // [heads] of [grain_rows, last layer]: the head's own view of it; empty without dropout.
    std::vector<Activation> heads;
  };
  AlignedMatrix contexts;          // [grain_rows, context inputs]
  AlignedMatrix dcontexts;         // [grain_rows, width of the context's slots]
  AlignedMatrix exposures;         // [grain_rows, exposure inputs]
  AlignedMatrix dexposures;        // [grain_rows, width of the exposure's slots]
  AlignedMatrix context_product;   // [grain_rows, split.out], scratch of the first layer
  AlignedMatrix context_logit;     // [grain_rows, 1], scratch of logits on the inputs
  std::vector<Activation> bottom;  // [layers of the bottom]
  std::vector<BatchNormBuffers> bottom_norms;  // [layers of the bottom]
  Activation wide;
  BatchNormBuffers wide_norm;
  std::vector<Tower> towers;
  AttentionBuffers attention;
  Activation transferred;  // [grain_rows, width], what a transfer makes of the receiver's units

  // memory: see AlignedMatrix.
  GroupBuffers(const GroupPlan& plan, const InputLayout& inputs, int64_t grain_rows,
               MatrixMemory* memory = nullptr);
};

// A forward or backward pass of one grain through one group.
struct GroupPass {
  Backend* backend;
  const GroupPlan& plan;
  std::span<const float> parameters;
  SplitInput x;
  DropoutDraw draw;
  GroupBuffers* buffers;

  bool training() const { return draw.step > 0; }
};

// logits: [grain_rows, heads]; writes the columns of this group's heads.
Status ForwardGroup(const GroupPass& pass, MatrixView<float> logits);

// dlogits: [grain_rows, heads], 0 in padded rows. Overwrites this group's part of `gradient` and
// dx. REQUIRES: ForwardGroup with the same `pass` came before.
Status BackwardGroup(const GroupPass& pass, MatrixView<const float> dlogits,
                     const SplitInputGradient& dx, std::span<float> gradient);
// The second half of BackwardGroup: the layers below the towers, and the towers without hidden
// layers. The first half is BackwardTowers (tower_compute.h). A device calls the halves apart: it
// begins to sum the towers' gradients among workers while the second half is computed.
Status BackwardTrunk(const GroupPass& pass, MatrixView<const float> dlogits,
                     const SplitInputGradient& dx, std::span<float> gradient);

}  // namespace chorus::worker
