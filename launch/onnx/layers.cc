#include "launch/onnx/layers.h"

#include <utility>
#include <vector>

#include "common/strings.h"

namespace chorus::launch {
namespace {

constexpr std::pair<std::string_view, TranslateLayer> kLayers[] = {
    {"batch_norm", BatchNormLayer}, {"bi_interaction", BiInteractionLayer},
    {"concat", ConcatLayer},        {"cross", CrossLayer},
    {"dense", DenseLayer},          {"dropout", ConcatLayer},
    {"linear", LinearLayer},        {"logit", LinearLayer},
    {"mixture", MixtureLayer},      {"product", ProductLayer},
    {"slot_dots", SlotDotsLayer},   {"target_attention", TargetAttentionLayer},
    {"transfer", TransferLayer},
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
