#pragma once
// The layers of worker/layers as ONNX operators. Each function adds a node's layer to the graph and
// returns its output, [rows, width]. If the output still has one row per context and the node has
// one per exposure, the caller gathers the rows. launch/README.md has the equations.
// A new layer is one function here, in a file of its own or beside its like, and a line in
// FindLayer.
// Thread safety: as OnnxGraph.

#include <string>
#include <string_view>

#include "common/status.h"
#include "launch/onnx/layer_scope.h"

namespace chorus::launch {

using TranslateLayer = Result<OnnxValue> (*)(const LayerScope& scope);

// The translation of a layer's kind (worker/layers/layer.h); null for an unknown kind.
TranslateLayer FindLayer(std::string_view kind);
std::string KnownLayers();  // "batch_norm, bi_interaction, ..."

// x_1 W_1 + x_2 W_2 + ... alone (ProductLayer), with a bias (LinearLayer), and with bias and ReLU
// (DenseLayer).
Result<OnnxValue> ProductLayer(const LayerScope& scope);
Result<OnnxValue> LinearLayer(const LayerScope& scope);
Result<OnnxValue> DenseLayer(const LayerScope& scope);
Result<OnnxValue> ConcatLayer(const LayerScope& scope);  // detach and dropout, too
Result<OnnxValue> AddLayer(const LayerScope& scope);
Result<OnnxValue> ReluLayer(const LayerScope& scope);
Result<OnnxValue> GeluLayer(const LayerScope& scope);
Result<OnnxValue> TwiceSigmoidLayer(const LayerScope& scope);
Result<OnnxValue> PReluLayer(const LayerScope& scope);
Result<OnnxValue> DiceLayer(const LayerScope& scope);
Result<OnnxValue> BatchNormLayer(const LayerScope& scope);
Result<OnnxValue> LayerNormLayer(const LayerScope& scope);
Result<OnnxValue> MixtureLayer(const LayerScope& scope);
Result<OnnxValue> CrossLayer(const LayerScope& scope);
Result<OnnxValue> BiInteractionLayer(const LayerScope& scope);
Result<OnnxValue> SlotDotsLayer(const LayerScope& scope);
Result<OnnxValue> SlotMeansLayer(const LayerScope& scope);
Result<OnnxValue> ScaleSlotsLayer(const LayerScope& scope);
Result<OnnxValue> SequenceMeanLayer(const LayerScope& scope);
Result<OnnxValue> SequenceSumLayer(const LayerScope& scope);
Result<OnnxValue> SequenceLastLayer(const LayerScope& scope);
Result<OnnxValue> TargetAttentionLayer(const LayerScope& scope);
Result<OnnxValue> SelfAttentionLayer(const LayerScope& scope);
Result<OnnxValue> TransferLayer(const LayerScope& scope);

}  // namespace chorus::launch
