#pragma once
// The towers of a group, from the group's wide layer to the logits and back. Towers without hidden
// layers read the shared bottom or the inputs. A transfer's receiver is computed after the towers
// that give, and before them on the way back. Thread safety: functions of their arguments.

#include "worker/model/group_compute.h"

namespace chorus::worker {

// Reads buffers->wide, in which it also drops units of the towers' first layers.
Status ForwardTowers(const GroupPass& pass, MatrixView<float> logits);

// The towers with hidden layers. Writes their columns of wide.dy, the gradient for the wide layer's
// own Backward.
Status BackwardTowers(const GroupPass& pass, MatrixView<const float> dlogits,
                      std::span<float> gradient);

// The towers without hidden layers. Their heads read `below`, the shared bottom's output, and add
// to its gradient.
void BackwardHeadsOnBottom(const GroupPass& pass, MatrixView<const float> dlogits,
                           const ActivationView& below, std::span<float> gradient);
// The same where there is no shared bottom and the heads read the inputs.
void BackwardHeadsOnInputs(const GroupPass& pass, MatrixView<const float> dlogits,
                           const SplitInputGradient& dx, std::span<float> gradient);

// Batch normalisation of a layer's output, between the layer and its dropout. Does nothing for a
// layer without it.
void Norm(const GroupPass& pass, const BatchNormLayer& norm, MatrixView<float> y,
          BatchNormBuffers* buffers);
void NormBackward(const GroupPass& pass, const BatchNormLayer& norm, const ActivationView& layer,
                  BatchNormBuffers* buffers, std::span<float> gradient);

// Dropout of a layer's output, in place, and its backward pass.
void Drop(const GroupPass& pass, const DropoutLayer& dropout, MatrixView<float> y);
void DropBackward(const GroupPass& pass, const DropoutLayer& dropout, const ActivationView& layer);

}  // namespace chorus::worker
