#include "worker/model/mlp_encoder.h"

#include <memory>
#include <utility>

#include "worker/layers/add.h"
#include "worker/layers/dice.h"
#include "worker/layers/layer_norm.h"
#include "worker/layers/pointwise.h"
#include "worker/layers/prelu.h"

namespace chorus::worker {
namespace {

bool IsRelu(const MlpConfig& config) {
  return config.activation() == MlpConfig::RELU ||
         config.activation() == MlpConfig::ACTIVATION_UNSPECIFIED;
}

bool IsPlain(const MlpConfig& config) { return IsRelu(config) && !config.layer_norm(); }

int64_t WidthOf(const std::vector<Port>& ports) {
  int64_t width = 0;
  for (const Port& port : ports) width += port.width;
  return width;
}

Status CheckMlp(const MlpConfig& config, const std::string& reader, int64_t width,
                const GroupBuilder& builder) {
  if (config.hidden_size() == 0)
    return InvalidArgument(reader + ": mlp: no hidden layer is written");
  if (builder.has_batch_norm() && !IsPlain(config)) {
    return InvalidArgument(StrCat(reader, ": mlp: model.batch_norm normalises in front of a ReLU; ",
                                  "leave it out, or layer_norm and the other activation"));
  }
  bool fits = !config.residual();
  for (const uint32_t hidden : config.hidden()) {
    fits = fits || hidden == width;
    width = hidden;
  }
  if (fits) return Status::Ok();
  return InvalidArgument(
      StrCat(reader, ": mlp: residual: no hidden layer is as wide as what it ", "reads"));
}

// A node that reads and makes units of one layer.
Node UnitsNode(std::string name, std::string layer, const Port& units) {
  Node node;
  node.name = std::move(name);
  node.layers = {std::move(layer)};
  node.width = units.width;
  return node;
}

Port AddLayerNorm(const std::string& layer, const Port& units, GroupBuilder* builder) {
  Node node = UnitsNode(layer + ".norm", layer + ".norm", units);
  const ParameterRange gain = builder->TakeRow(node.name, "gain", units.width, 1.0f);
  const ParameterRange bias = builder->TakeRow(node.name, "bias", units.width, 0.0f);
  node.weights = {gain, bias};
  node.layer = std::make_shared<LayerNorm>(units.width, gain.begin, bias.begin);
  return builder->AddOnOneSide(std::move(node), {units});
}

Port AddActivation(MlpConfig::Activation activation, const std::string& layer, Port units,
                   GroupBuilder* builder) {
  Node node = UnitsNode(layer + ".activation", layer, units);
  if (activation == MlpConfig::PRELU) {
    node.weights = {builder->TakeRow(layer, "alpha", units.width, 0.25f)};
    node.layer = std::make_shared<PRelu>(units.width, node.weights[0].begin);
  } else if (activation == MlpConfig::DICE) {
    units = builder->OnExposures(units);
    node.weights = {builder->TakeRow(layer, "alpha", units.width, 0.0f)};
    node.layer = std::make_shared<Dice>(units.width, node.weights[0].begin,
                                        builder->TakeMoments({layer}, {units.width}));
  } else {
    const Pointwise function = activation == MlpConfig::GELU ? Pointwise::kGelu : Pointwise::kRelu;
    node.layer = std::make_shared<PointwiseLayer>(function, units.width);
  }
  return builder->AddOnOneSide(std::move(node), {units});
}

// One hidden layer, without dropout and residual connection.
Port AddUnits(const MlpConfig& config, const std::string& layer, const std::vector<Port>& below,
              int64_t width, GroupBuilder* builder) {
  if (IsPlain(config)) {
    return builder->AddHidden(builder->TakeHidden({layer}, below, {width}), below);
  }
  const ProductWeights weights = builder->TakeLinear({layer}, below, {width});
  Port units = builder->AddLinear(layer, weights, below, Linear::Activation::kNone);
  if (config.layer_norm()) units = AddLayerNorm(layer, units, builder);
  return AddActivation(config.activation(), layer, units, builder);
}

Port AddResidual(const std::string& layer, const std::vector<Port>& below, const Port& units,
                 GroupBuilder* builder) {
  const Port x = builder->AddConcat(layer + ".inputs", below);
  Node node = UnitsNode(layer + ".residual", layer, units);
  node.layer = std::make_shared<Add>(units.width);
  return builder->AddOnOneSide(std::move(node), {x, units});
}

}  // namespace

Result<Port> AddMlp(const MlpConfig& config, const std::string& reader, const std::string& prefix,
                    std::vector<Port> below, GroupBuilder* builder) {
  RETURN_IF_ERROR(CheckMlp(config, reader, WidthOf(below), *builder));
  for (int l = 0; l < config.hidden_size(); ++l) {
    const std::string layer = StrCat(prefix, ".", l);
    const int64_t width = config.hidden(l);
    below = Labelled(std::move(below));
    Port units = AddUnits(config, layer, below, width, builder);
    units = builder->AddDrop(units, DropoutLayer(layer, config.dropout()), IsRelu(config));
    if (config.residual() && WidthOf(below) == width) {
      units = AddResidual(layer, below, units, builder);
    }
    below = {units};
  }
  return below[0];
}

}  // namespace chorus::worker
