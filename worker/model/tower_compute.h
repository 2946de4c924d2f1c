#pragma once
// The towers of a group: from the group's wide layer, or from what it has instead, to the logits
// and back. A transfer's receiver is computed after the towers that give, and before them on the
// way back. Thread safety: functions of their arguments.

#include "worker/model/group_compute.h"

namespace chorus::worker {

// Units of the first layers are dropped here, in buffers->wide.
Status ForwardTowers(const GroupPass& pass, MatrixView<float> logits);

// Towers with hidden layers: ends with their columns of wide.dy, ready for the wide layer's own
// Backward.
Status BackwardTowers(const GroupPass& pass, MatrixView<const float> dlogits,
                      std::span<float> gradient);

// Towers without: their heads read `below`, the shared bottom's output, and add to its gradient.
void BackwardHeadsOnBottom(const GroupPass& pass, MatrixView<const float> dlogits,
                           const ActivationView& below, std::span<float> gradient);
// Or they read the inputs.
void BackwardHeadsOnInputs(const GroupPass& pass, MatrixView<const float> dlogits,
                           const SplitInputGradient& dx, std::span<float> gradient);

// Batch normalisation of a layer's output, when it has one: between the layer and its dropout.
void Norm(const GroupPass& pass, const BatchNormLayer& norm, MatrixView<float> y,
          BatchNormBuffers* buffers);
void NormBackward(const GroupPass& pass, const BatchNormLayer& norm, const ActivationView& layer,
                  BatchNormBuffers* buffers, std::span<float> gradient);

// Dropout of a layer's output, in place, and the gradient of what was before it.
void Drop(const GroupPass& pass, const DropoutLayer& dropout, MatrixView<float> y);
void DropBackward(const GroupPass& pass, const DropoutLayer& dropout, const ActivationView& layer);

}  // namespace chorus::worker
