#include "launch/onnx/layers.h"

#include <utility>
#include <vector>

#include "common/strings.h"

namespace chorus::launch {
namespace {

// Sorted by name.
constexpr std::pair<std::string_view, TranslateLayer> kLayers[] = {
    {"add", AddLayer},
    {"batch_norm", BatchNormLayer},
    {"bi_interaction", BiInteractionLayer},
    {"concat", ConcatLayer},
    {"cross", CrossLayer},
    {"dense", DenseLayer},
    {"detach", ConcatLayer},
    {"dice", DiceLayer},
    {"dropout", ConcatLayer},
    {"gelu", GeluLayer},
    {"layer_norm", LayerNormLayer},
    {"linear", LinearLayer},
    {"logit", LinearLayer},
    {"mixture", MixtureLayer},
    {"prelu", PReluLayer},
    {"product", ProductLayer},
    {"relu", ReluLayer},
    {"scale_slots", ScaleSlotsLayer},
    {"self_attention", SelfAttentionLayer},
    {"sequence_last", SequenceLastLayer},
    {"sequence_mean", SequenceMeanLayer},
    {"sequence_sum", SequenceSumLayer},
    {"slot_dots", SlotDotsLayer},
    {"slot_means", SlotMeansLayer},
    {"target_attention", TargetAttentionLayer},
    {"transfer", TransferLayer},
    {"twice_sigmoid", TwiceSigmoidLayer},
};

}  // namespace

TranslateLayer FindLayer(std::string_view kind) {
  for (const auto& [known, translate] : kLayers) {
    if (known == kind) return translate;
  }
  return nullptr;
}

std::string KnownLayers() {
  std::vector<std::string> names;
  for (const auto& [known, unused] : kLayers) names.emplace_back(known);
  return Join(names, ", ");
}

}  // namespace chorus::launch
